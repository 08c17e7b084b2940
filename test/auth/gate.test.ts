import test from 'ava';
import { endpoints } from '../../conductor/api/resource.ts';
import { resources } from '../../conductor/api/resources.ts';
import { hostGate } from '../../conductor/auth/gate.ts';
import { policyOf } from '../../conductor/auth/policy/routes.ts';
import { updateNode } from '../../conductor/store/nodes.ts';
import { callerOf, openByName, openGuarded, sendAs } from './support.ts';

const CALLERS = {
  root: callerOf('admin'),
  auditor: callerOf('reader'),
  nova: callerOf('service', 'service'),
  ownerAdmin: callerOf('admin', 'owners'),
  ownerMember: callerOf('member', 'owners'),
  ownerReader: callerOf('reader', 'owners'),
  lesseeAdmin: callerOf('admin', 'lessees'),
  lesseeMember: callerOf('member', 'lessees'),
  stranger: callerOf('admin', 'strangers'),
  nobody: callerOf('none', 'owners'),
  domain: { ...callerOf('admin'), system: false },
} as const;

const NODE = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const PORT = '33333333-3333-4333-8333-333333333333';

async function rig() {
  const api = await openByName(CALLERS);
  const make = async (uuid: string, owner: string | null) => {
    const body = { driver: 'fake-hardware', uuid, owner, driver_info: { ssh_password: 'p', a: 1 } };
    const made = await sendAs(api.app, 'root', 'POST /v1/nodes', body);
    if (made.status !== 201) throw new Error(made.text);
  };
  await make(NODE, 'owners');
  await make(OTHER, null);
  await updateNode(api.database, NODE, { lessee: 'lessees', lastError: 'secret host' });
  const port = { uuid: PORT, node_uuid: NODE, address: '52:54:00:00:00:01' };
  const made = await sendAs(api.app, 'root', 'POST /v1/ports', port);
  if (made.status !== 201) throw new Error(made.text);
  return api;
}

type Row = readonly [request: string, statuses: Partial<Record<keyof typeof CALLERS, number>>];

const N = `/v1/nodes/${NODE}`;
const FOUND_404 = { stranger: 404, nobody: 404, domain: 403 };
const ROWS: readonly Row[] = [
  [
    `GET ${N}`,
    { root: 200, auditor: 200, nova: 200, ownerReader: 200, lesseeMember: 200, ...FOUND_404 },
  ],
  [`GET /v1/nodes/${OTHER}`, { root: 200, nova: 200, ownerAdmin: 404, stranger: 404 }],
  ['GET /v1/nodes/no-such', { root: 404, ownerAdmin: 404, stranger: 404 }],
  [`GET ${N}/states`, { auditor: 200, ownerReader: 200, lesseeMember: 200, ...FOUND_404 }],
  [
    `PUT ${N}/maintenance`,
    { auditor: 403, ownerReader: 403, lesseeMember: 403, lesseeAdmin: 202, ...FOUND_404 },
  ],
  [`DELETE ${N}/maintenance`, { nova: 202, ownerMember: 202 }],
  [`GET ${N}/validate`, { auditor: 403, lesseeMember: 403, ownerMember: 200, ...FOUND_404 }],
  [`GET /v1/nodes/validate?node=${NODE}`, { ownerMember: 200, ...FOUND_404 }],
  [`GET /v1/nodes/validate?node=${NODE}&node_uuid=${OTHER}`, { ownerMember: 403 }],
  [`GET ${N}/vendor_passthru/methods`, { root: 200, ownerAdmin: 403, stranger: 404 }],
  [`GET ${N}/timeline`, { ownerReader: 200, lesseeAdmin: 403, stranger: 404 }],
  [`GET /v1/ports/${PORT}`, { auditor: 200, ownerReader: 200, lesseeMember: 200, ...FOUND_404 }],
  [`GET /v1/ports?node=${NODE}`, { ownerReader: 200, stranger: 404 }],
  [`GET ${N}/ports`, { ownerReader: 200, lesseeMember: 200, stranger: 404 }],
  ['GET /v1/chassis', { auditor: 200, ownerAdmin: 403, nova: 403 }],
  ['GET /v1/drivers', { root: 200, ownerAdmin: 403 }],
  ['GET /v1/conductors', { auditor: 200, ownerAdmin: 403 }],
  ['PUT /v1/nodes', { root: 405, stranger: 405 }],
  ['GET /v1/none', { root: 404, stranger: 404 }],
  ['GET /', { nobody: 200, domain: 200 }],
  [`DELETE ${N}`, { auditor: 403, ownerMember: 403, lesseeAdmin: 403, stranger: 404 }],
];

test('who may what', async (t) => {
  const api = await rig();
  t.teardown(api.close);
  for (const [line, statuses] of ROWS)
    for (const [caller, status] of Object.entries(statuses)) {
      const reply = await sendAs(api.app, caller, line);
      t.is(reply.status, status, `${line} as ${caller}: ${reply.text}`);
    }
});

test('without credentials every route but the open ones is 401, before its body is looked at', async (t) => {
  const api = await rig();
  t.teardown(api.close);
  const about = { version: '', configDigest: '', startedAt: new Date(0) };
  for (const { method, path } of endpoints(resources(about))) {
    if (policyOf(method, path)?.open === true) continue;
    const url = path.replaceAll(/:\w+/g, NODE);
    const reply = await api.app.inject({ method: method as 'GET', url, payload: '{"broken' });
    t.is(reply.statusCode, 401, `${method} ${url}`);
    t.is(reply.headers['www-authenticate'], 'Test');
    t.regex(reply.body, /"error_message"/);
  }
  for (const url of ['/', '/v1', '/v1/', `/v1/lookup?node_uuid=${OTHER}`])
    t.not((await sendAs(api.app, '', `GET ${url}`)).status, 401, url);
  const path = `${N}/vendor_passthru/pass_deploy_info`;
  t.not((await sendAs(api.app, '', `POST ${path}`, { key: 'x' })).status, 401);
  for (const near of [`PUT ${path}`, `POST ${path}x`])
    t.is((await sendAs(api.app, '', near, {})).status, 401, near);
});

test('lists hold what the project owns or leases, page by page', async (t) => {
  const api = await rig();
  t.teardown(api.close);
  const uuids = async (caller: string, path: string, name: string) => {
    const { json, status } = await sendAs(api.app, caller, `GET ${path}`);
    t.is(status, 200, path);
    return json[name].map(({ uuid }: { uuid: string }) => uuid);
  };
  for (const path of ['/v1/nodes', '/v1/nodes/detail', '/v1/nodes?limit=1']) {
    t.deepEqual(await uuids('ownerReader', path, 'nodes'), [NODE], path);
    t.deepEqual(await uuids('lesseeMember', path, 'nodes'), [NODE], path);
    t.deepEqual(await uuids('stranger', path, 'nodes'), [], path);
  }
  t.deepEqual(await uuids('nova', '/v1/nodes', 'nodes'), [NODE, OTHER]);
  t.deepEqual(await uuids('auditor', '/v1/nodes', 'nodes'), [NODE, OTHER]);
  t.deepEqual(await uuids('ownerReader', '/v1/ports', 'ports'), [PORT]);
  t.deepEqual(await uuids('stranger', '/v1/ports/detail', 'ports'), []);
  for (const path of ['/v1/portgroups', '/v1/volume/connectors', '/v1/volume/targets'])
    t.deepEqual(await uuids('stranger', path, path.split('/').at(-1) ?? ''), []);
  t.is((await sendAs(api.app, 'stranger', 'GET /v1/nodes?owner=owners')).status, 403);
  t.is((await sendAs(api.app, 'nobody', 'GET /v1/nodes')).status, 403);
});

test('a lessee sees neither the driver_info nor the errors of a node; secrets nobody sees', async (t) => {
  const api = await rig();
  t.teardown(api.close);
  const shown = async (caller: string) => (await sendAs(api.app, caller, `GET ${N}`)).json;
  const lessee = await shown('lesseeAdmin');
  t.regex(lessee.driver_info.content, /requires baremetal:node:get:driver_info/);
  t.regex(lessee.last_error, /requires baremetal:node:get:last_error/);
  t.regex(lessee.reservation, /Redacted/);
  for (const caller of ['root', 'auditor', 'nova', 'ownerReader']) {
    const node = await shown(caller);
    t.deepEqual(node.driver_info, { ssh_password: '******', a: 1 }, caller);
    t.is(node.last_error, 'secret host');
  }
  const list = await sendAs(api.app, 'lesseeAdmin', 'GET /v1/nodes?fields=driver_info');
  t.notRegex(list.text, /ssh_password/);
});

test('patches are judged by the fields that they change', async (t) => {
  const api = await rig();
  t.teardown(api.close);
  const patch = async (caller: string, path: string, value: unknown, of = N) =>
    (await sendAs(api.app, caller, `PATCH ${of}`, [{ op: 'add', path, value }])).status;
  t.is(await patch('lesseeMember', '/extra/a', '1'), 200);
  t.is(await patch('lesseeMember', '/instance_info/a', '1'), 403);
  t.is(await patch('lesseeAdmin', '/instance_info/a', '1'), 200);
  t.is(await patch('lesseeAdmin', '/driver_info/a', '1'), 403);
  t.is(await patch('ownerMember', '/driver_info/a', '1'), 200);
  t.is(await patch('ownerAdmin', '/owner', 'strangers'), 403);
  t.is(await patch('ownerAdmin', '/automated_clean', 'False'), 403);
  t.is(await patch('ownerMember', '/automated_clean', true), 200);
  t.is(await patch('stranger', '/extra/a', '1'), 404);
  t.is(await patch('root', '/owner', 'strangers', `/v1/nodes/${OTHER}`), 200);
  const port = `/v1/ports/${PORT}`;
  t.is(await patch('ownerAdmin', '/node_uuid', OTHER, port), 403);
  t.is(await patch('ownerAdmin', '/extra/a', '1', port), 200);
  t.is((await sendAs(api.app, 'ownerAdmin', `PATCH ${N}`, 'nonsense')).status, 400);
});

test('what a project makes is its own', async (t) => {
  const api = await rig();
  t.teardown(api.close);
  const make = (caller: string, body: object) =>
    sendAs(api.app, caller, 'POST /v1/nodes', { driver: 'fake-hardware', ...body });
  const made = await make('stranger', { name: 'mine' });
  t.is(made.status, 201, made.text);
  t.is(made.json.owner, 'strangers');
  t.is((await make('stranger', { owner: 'owners' })).status, 400);
  t.is((await make('ownerMember', {})).status, 403);
  t.is((await make('root', { owner: 'owners' })).json.owner, 'owners');
  const port = { node_uuid: NODE, address: '52:54:00:00:00:02' };
  t.is((await sendAs(api.app, 'stranger', 'POST /v1/ports', port)).status, 404);
  t.is((await sendAs(api.app, 'ownerMember', 'POST /v1/ports', port)).status, 403);
  t.is((await sendAs(api.app, 'ownerAdmin', 'POST /v1/ports', port)).status, 201);
  t.is((await sendAs(api.app, 'stranger', 'DELETE /v1/nodes/mine')).status, 204);
});

const HOSTS: readonly (readonly [host: string, status: number])[] = [
  ['127.0.0.1:6385', 200],
  ['localhost', 200],
  ['[::1]:6385', 200],
  ['ironic.example.org:6385', 200],
  ['ironic.example.org.', 200],
  ['evil.example', 403],
  ['localhost.evil.example', 403],
  ['127.0.0.1.evil.example', 403],
];

test('an API without credentials answers to known names only', async (t) => {
  const api = await openGuarded(() => hostGate(['ironic.example.org']));
  t.teardown(api.close);
  for (const [host, status] of HOSTS) {
    const reply = await api.app.inject({ url: '/v1/nodes', headers: { host } });
    t.is(reply.statusCode, status, host);
  }
});
