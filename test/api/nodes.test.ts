import test from 'ava';
import { getNode, transition, updateNode } from '../../conductor/store/nodes.ts';
import { lockNode } from '../../conductor/store/locks.ts';
import { listEvents } from '../../conductor/store/events.ts';
import type { NodePatch } from '../../conductor/store/types.ts';
import { type Harness, openHarness } from './harness.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const INSTANCE = '33333333-3333-4333-8333-333333333333';

async function open(t: { teardown(fn: () => Promise<void>): void }): Promise<Harness> {
  const api = await openHarness('http://api.test:6385');
  t.teardown(api.close);
  return api;
}

async function withNode(t: { teardown(fn: () => Promise<void>): void }, patch: NodePatch = {}) {
  const api = await open(t);
  await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name: 'one', uuid: A } });
  if (Object.keys(patch).length > 0) await updateNode(api.database, A, patch);
  return api;
}

test('POST enrolls, with Location and the full node', async (t) => {
  const api = await open(t);
  const body = { driver: 'pxe_ssh', name: 'one', extra: { a: 1 }, properties: null };
  const reply = await api.send('POST /v1/nodes', { body });
  t.is(reply.status, 201, reply.text);
  const { uuid } = reply.json;
  t.is(reply.headers.location, `http://api.test:6385/v1/nodes/${String(uuid)}`);
  t.like(reply.json, {
    name: 'one',
    provision_state: 'enroll',
    power_state: null,
    extra: { a: 1 },
    properties: {},
    maintenance: false,
    links: [
      { rel: 'self', href: `http://api.test:6385/v1/nodes/${String(uuid)}` },
      { rel: 'bookmark', href: `http://api.test:6385/nodes/${String(uuid)}` },
    ],
  });
  t.regex(String(reply.json.created_at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
});

const STATE_SHOWN: readonly [minor: number, shown: string | null][] = [
  [1, null],
  [2, 'available'],
  [10, 'available'],
  [11, 'enroll'],
];
for (const [minor, shown] of STATE_SHOWN)
  test(`a node made at 1.${minor} is shown as ${shown}`, async (t) => {
    const api = await open(t);
    const reply = await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh' }, minor });
    t.is(reply.status, 201, reply.text);
    t.is(reply.json.provision_state, shown);
  });

const HIDDEN: readonly [field: string, since: number][] = [
  ['driver_internal_info', 3],
  ['name', 5],
  ['inspection_started_at', 6],
  ['inspection_finished_at', 6],
  ['clean_step', 7],
];
for (const [field, since] of HIDDEN)
  test(`${field} appears in 1.${since}`, async (t) => {
    const api = await withNode(t);
    t.false(field in (await api.send(`GET /v1/nodes/${A}`, { minor: since - 1 })).json);
    t.true(field in (await api.send(`GET /v1/nodes/${A}`, { minor: since })).json);
  });

const BAD_CREATES: readonly [title: string, body: unknown, status: number, text: RegExp][] = [
  ['no driver', {}, 400, /driver/],
  ['an unknown driver', { driver: 'nope' }, 400, /No valid host was found.*nope/],
  ['an unknown field', { driver: 'pxe_ssh', colour: 'red' }, 400, /colour/],
  ['a bad uuid', { driver: 'pxe_ssh', uuid: 'x' }, 400, /Expected a uuid but received x/],
  ['a reserved name', { driver: 'pxe_ssh', name: 'detail' }, 400, /invalid name "detail"/],
  ['a UUID for a name', { driver: 'pxe_ssh', name: A }, 400, /invalid name/],
  ['a slash in the name', { driver: 'pxe_ssh', name: 'a/b' }, 400, /invalid name "a\/b"/],
  ['a state', { driver: 'pxe_ssh', provision_state: 'active' }, 400, /provision_state/],
  ['text as properties', { driver: 'pxe_ssh', properties: 'x' }, 400, /properties/],
  ['an unknown chassis', { driver: 'pxe_ssh', chassis_uuid: B }, 400, /Chassis .* not be found/],
  ['a list', [], 400, /node/],
  ['a name in use', { driver: 'pxe_ssh', name: 'ONE' }, 409, /name ONE already exists/],
  ['a UUID in use', { driver: 'pxe_ssh', uuid: A }, 409, /UUID .* already exists/],
  ['broken JSON', '{"driver": ', 400, /not JSON/],
  [
    'too deep JSON',
    `{"driver":"pxe_ssh","extra":${'{"a":'.repeat(30)}1${'}'.repeat(30)}}`,
    400,
    /25/,
  ],
  ['the prototype', '{"driver":"pxe_ssh","extra":{"__proto__":{"x":1}}}', 400, /__proto__/],
  ['a body over 1 MiB', JSON.stringify({ driver: 'x'.repeat(1024 * 1024) }), 413, /too large/],
];
for (const [title, body, status, text] of BAD_CREATES)
  test(`POST refuses ${title}`, async (t) => {
    const api = await withNode(t);
    const reply = await api.send('POST /v1/nodes', { body });
    t.is(reply.status, status, reply.text);
    t.regex(String(reply.error.faultstring), text);
    t.is(reply.error.faultcode, 'Client');
    t.is(typeof reply.error.ironpxe_code, 'string');
  });

test('POST refuses a name below 1.5 as not acceptable', async (t) => {
  const api = await open(t);
  const body = { driver: 'pxe_ssh', name: 'one' };
  t.is((await api.send('POST /v1/nodes', { body, minor: 4 })).status, 406);
});

test('names of all URL-safe characters need 1.10', async (t) => {
  const api = await open(t);
  const body = { driver: 'pxe_ssh', name: 'rack~1_a' };
  t.is((await api.send('POST /v1/nodes', { body, minor: 9 })).status, 400);
  t.is((await api.send('POST /v1/nodes', { body, minor: 10 })).status, 201);
});

test('a node is found by UUID, by name, with a slash, with .json and without /v1', async (t) => {
  const api = await withNode(t);
  for (const path of ['/v1/nodes/one', `/v1/nodes/${A}/`, '/v1/nodes/one.json', '/nodes/one'])
    t.is((await api.send(`GET ${path}`)).json.uuid, A, path);
  t.is((await api.send('GET /v1/nodes/one', { minor: 4 })).status, 404);
  t.is((await api.send(`GET /v1/nodes/${B}`)).status, 404);
});

test('secrets are masked, at every depth, and survive a patch of what is beside them', async (t) => {
  const api = await withNode(t, {
    driverInfo: {
      ssh_password: 'p',
      ssh_key_contents: 'k',
      ssh_address: 'h',
      deep: { password: 'x' },
    },
    instanceInfo: { configdrive: 'secret', image_url: 'u', deploy_key: 'd', root_gb: 1 },
  });
  const { json } = await api.send('GET /v1/nodes/one');
  t.deepEqual(json.driver_info, {
    ssh_password: '******',
    ssh_key_contents: '******',
    ssh_address: 'h',
    deep: { password: '******' },
  });
  t.like(json.instance_info, { configdrive: '******', image_url: '******', root_gb: 1 });
  const body = [{ op: 'replace', path: '/driver_info/ssh_address', value: 'i' }];
  t.is((await api.send('PATCH /v1/nodes/one', { body })).status, 200);
  t.like((await getNode(api.database, A)).driverInfo, { ssh_password: 'p', ssh_address: 'i' });
});

test('PATCH changes fields, and its event names paths but no values', async (t) => {
  const api = await withNode(t);
  const body = [
    { op: 'add', path: '/instance_info/image_source', value: 'http://h/secret-token' },
    { op: 'add', path: '/maintenance', value: 'True' },
    { op: 'replace', path: '/name', value: 'two' },
  ];
  const reply = await api.send('PATCH /v1/nodes/one', { body });
  t.is(reply.status, 200, reply.text);
  t.like(reply.json, { name: 'two', maintenance: true });
  t.is(reply.json.updated_at === null, false);
  const event = (await listEvents(api.database, { nodeUuid: A })).at(-1);
  t.is(event?.kind, 'node.updated');
  t.deepEqual(event?.data.paths, ['/instance_info/image_source', '/maintenance', '/name']);
  t.false(JSON.stringify(event).includes('secret-token'));
});

const BAD_PATCHES: readonly [title: string, body: unknown, status: number][] = [
  ['an unknown field', [{ op: 'add', path: '/colour', value: 1 }], 400],
  ['the uuid', [{ op: 'replace', path: '/uuid', value: B }], 400],
  ['the state', [{ op: 'replace', path: '/provision_state', value: 'active' }], 400],
  ['the test operation', [{ op: 'test', path: '/name', value: 'one' }], 400],
  ['an add without value', [{ op: 'add', path: '/name' }], 400],
  ['a path without slash', [{ op: 'add', path: 'name', value: 'x' }], 400],
  ['an object', { op: 'add', path: '/name', value: 'x' }, 400],
  ['removing what is missing', [{ op: 'remove', path: '/extra/x' }], 400],
  ['removing the driver', [{ op: 'remove', path: '/driver' }], 400],
  ['an unknown driver', [{ op: 'replace', path: '/driver', value: 'nope' }], 400],
  ['text as extra', [{ op: 'replace', path: '/extra', value: 'x' }], 400],
  ['a bad instance', [{ op: 'add', path: '/instance_uuid', value: 'x' }], 400],
  ['a name in use', [{ op: 'replace', path: '/name', value: 'two' }], 409],
];
for (const [title, body, status] of BAD_PATCHES)
  test(`PATCH refuses ${title} and changes nothing`, async (t) => {
    const api = await withNode(t);
    await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name: 'two' } });
    const before = await getNode(api.database, A);
    const reply = await api.send('PATCH /v1/nodes/one', { body });
    t.is(reply.status, status, reply.text);
    t.deepEqual(await getNode(api.database, A), before);
  });

test('PATCH is 409 in a transition, but a node in maintenance may lose its instance', async (t) => {
  const api = await withNode(t, { instanceUuid: INSTANCE });
  for (const event of ['manage', 'done', 'provide', 'done', 'deploy'] as const)
    await transition(api.database, A, event);
  const name = [{ op: 'replace', path: '/name', value: 'x' }];
  const free = [{ op: 'remove', path: '/instance_uuid' }];
  t.is((await api.send(`PATCH /v1/nodes/${A}`, { body: name })).status, 409);
  t.is((await api.send(`PATCH /v1/nodes/${A}`, { body: free })).status, 409);
  await updateNode(api.database, A, { maintenance: true });
  t.is((await api.send(`PATCH /v1/nodes/${A}`, { body: name })).status, 409);
  t.is((await api.send(`PATCH /v1/nodes/${A}`, { body: free })).status, 200);
});

test('an instance sits on one node', async (t) => {
  const api = await withNode(t);
  await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name: 'two' } });
  const take = (value: string) => [{ op: 'replace', path: '/instance_uuid', value }];
  t.is((await api.send('PATCH /v1/nodes/one', { body: take(INSTANCE) })).status, 200);
  t.is((await api.send('PATCH /v1/nodes/one', { body: take(INSTANCE) })).status, 200, 'again');
  t.is((await api.send('PATCH /v1/nodes/one', { body: take(B) })).status, 409);
  t.is((await api.send('PATCH /v1/nodes/two', { body: take(INSTANCE) })).status, 409);
});

test('a write waits out a short lock, and is 409 behind a long one', async (t) => {
  const api = await withNode(t);
  const body = [{ op: 'replace', path: '/name', value: 'x' }];
  const { signal } = new AbortController();
  const hold = () => lockNode(api.database, A, { owner: 'other', waitMs: 0, signal });
  const short = await hold();
  const waiting = api.send(`PATCH /v1/nodes/${A}`, { body });
  await short[Symbol.asyncDispose]();
  t.is((await waiting).status, 200);
  await using _long = await hold();
  const reply = await api.send(`PATCH /v1/nodes/${A}`, { body });
  t.is(reply.status, 409);
  t.is(reply.error.ironpxe_code, 'NODE_LOCKED');
  t.regex(String(reply.error.faultstring), /locked by host other/);
});

test('DELETE needs an idle node, or maintenance', async (t) => {
  const api = await withNode(t, { instanceUuid: INSTANCE });
  t.is((await api.send('DELETE /v1/nodes/one')).status, 409);
  await updateNode(api.database, A, { instanceUuid: null });
  for (const event of ['manage', 'done', 'provide', 'done', 'deploy', 'done'] as const)
    await transition(api.database, A, event);
  const refused = await api.send('DELETE /v1/nodes/one');
  t.is(refused.status, 409);
  t.regex(String(refused.error.faultstring), /provision state "active"/);
  await api.send('PUT /v1/nodes/one/maintenance', { body: { reason: 'gone' } });
  t.is((await api.send('DELETE /v1/nodes/one')).status, 204);
  t.is((await api.send('DELETE /v1/nodes/one')).status, 404);
});

test('DELETE as the client sends it: octet-stream with an empty body', async (t) => {
  const api = await withNode(t);
  const headers = { 'content-type': 'application/octet-stream', 'content-length': '0' };
  t.is((await api.send('DELETE /v1/nodes/one', { headers })).status, 204);
});

test('maintenance keeps its reason, and forgets it at the end', async (t) => {
  const api = await withNode(t);
  const put = await api.send('PUT /v1/nodes/one/maintenance', { body: { reason: 'fan' } });
  t.is(put.status, 202);
  t.like((await api.send('GET /v1/nodes/one')).json, {
    maintenance: true,
    maintenance_reason: 'fan',
  });
  t.is((await api.send('PUT /v1/nodes/one/maintenance', { body: { reason: null } })).status, 202);
  t.is((await api.send('DELETE /v1/nodes/one/maintenance')).status, 202);
  t.like((await api.send('GET /v1/nodes/one')).json, {
    maintenance: false,
    maintenance_reason: null,
  });
  await updateNode(api.database, A, { maintenance: true, maintenanceReason: 'x' });
  const body = [{ op: 'replace', path: '/maintenance', value: false }];
  t.is((await api.send('PATCH /v1/nodes/one', { body })).json.maintenance_reason, null);
});
