import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import Fastify from 'fastify';
import got from 'got';
import { canonicalUrl } from '../../conductor/api/build.ts';
import { ramdiskRoutes } from '../../conductor/api/vendorPassthru.ts';
import { updateNode } from '../../conductor/store/nodes.ts';
import { appendEvent } from '../../conductor/store/events.ts';
import { insertOperation, listSteps, setStepStatus } from '../../conductor/store/operations.ts';
import type { JsonObject } from '../../conductor/store/types.ts';
import { openHarness, smallConductor } from './harness.ts';

const A = '11111111-1111-4111-8111-111111111111';
type Test = { teardown(fn: () => Promise<void>): void };

async function withNode(t: Test) {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name: 'one', uuid: A } });
  return api;
}

const URLS: readonly [string, string][] = [
  ['/', '/'],
  ['/v1/', '/v1'],
  ['/nodes', '/v1/nodes'],
  ['/nodes/?a=b?c', '/v1/nodes?a=b?c'],
  ['/v1/nodes/x.json', '/v1/nodes/x'],
  ['/metrics', '/metrics'],
  ['//', '/'],
];
for (const [url, expected] of URLS)
  test(`${url} is routed as ${expected}`, (t) => {
    t.is(canonicalUrl(url), expected);
  });

test('GET / tells versions and what runs here', async (t) => {
  const api = await withNode(t);
  const { json } = await api.send('GET /');
  t.like(json, {
    default_version: { id: 'v1', status: 'CURRENT', min_version: '1.1' },
    ironpxe: { version: '0.0.0-test', config_digest: 'sha256:0' },
  });
  t.is(typeof (json.ironpxe as JsonObject).uptime_seconds, 'number');
});

test('links follow the Host of the request when no public URL is set', async (t) => {
  const api = await openHarness();
  t.teardown(api.close);
  const { json } = await api.send('GET /v1', { headers: { host: 'pxe.example:1234' } });
  t.is((json.nodes as JsonObject[])[0]?.href, 'http://pxe.example:1234/v1/nodes/');
});

test('a page of another origin cannot write, a program can', async (t) => {
  const api = await openHarness();
  t.teardown(api.close);
  const body = { driver: 'pxe_ssh' };
  const post = (headers: Record<string, string>) => api.send('POST /v1/nodes', { body, headers });
  t.is((await post({ origin: 'http://evil.example', host: '127.0.0.1:6385' })).status, 403);
  t.is((await post({ origin: 'null', host: '127.0.0.1:6385' })).status, 403);
  t.is((await post({ origin: 'http://127.0.0.1:6385', host: '127.0.0.1:6385' })).status, 201);
  t.is((await post({})).status, 201);
});

test('a fault inside is answered without internals', async (t) => {
  const api = await withNode(t);
  await api.database.destroy();
  const reply = await api.send('GET /v1/nodes/one');
  t.is(reply.status, 500);
  t.is(reply.error.faultcode, 'Server');
  t.false(/sqlite|destroyed|kysely|\.ts/i.test(reply.text), reply.text);
});

const WITHOUT_METHOD = ['PUT /v1/nodes', 'DELETE /v1/ports', 'POST /v1/drivers', 'PATCH /v1'];
for (const request of WITHOUT_METHOD)
  test(`${request} is 405`, async (t) => {
    const api = await withNode(t);
    t.is((await api.send(request)).status, 405);
  });

test('drivers', async (t) => {
  const api = await withNode(t);
  const { json } = await api.send('GET /v1/drivers');
  t.is((json.drivers as JsonObject[]).length, 2);
  t.like((await api.send('GET /v1/drivers/pxe_ssh')).json, {
    name: 'pxe_ssh',
    hosts: ['test-conductor'],
  });
  const properties = { ssh_address: 'IP address of the host. Required.' };
  t.deepEqual((await api.send('GET /v1/drivers/pxe_ssh/properties')).json, properties);
  const byQuery = await api.send('GET /v1/drivers/properties?driver_name=pxe_ssh');
  t.deepEqual(byQuery.json, properties);
  t.is((await api.send('GET /v1/drivers/nope')).status, 404);
  t.is((await api.send('GET /v1/drivers/nope/properties')).status, 404);
  t.deepEqual((await api.send('GET /v1/drivers/pxe_ssh/vendor_passthru/methods')).json, {});
  t.is((await api.send('POST /v1/drivers/pxe_ssh/vendor_passthru/x')).status, 400);
});

test('chassis', async (t) => {
  const api = await withNode(t);
  const made = await api.send('POST /v1/chassis', { body: { description: 'Gestell № 1 漢' } });
  t.is(made.status, 201);
  const uuid = String(made.json.uuid);
  t.is((await api.send(`GET /v1/chassis/${uuid}`)).json.description, 'Gestell № 1 漢');
  const put = [{ op: 'add', path: '/chassis_uuid', value: uuid }];
  t.is((await api.send('PATCH /v1/nodes/one', { body: put })).json.chassis_uuid, uuid);
  const nodes = (await api.send(`GET /v1/chassis/${uuid}/nodes`)).json.nodes as JsonObject[];
  t.deepEqual(
    nodes.map((node) => node.uuid),
    [A],
  );
  t.is((await api.send(`GET /v1/nodes?chassis_uuid=${uuid}`)).status, 200);
  t.is((await api.send(`DELETE /v1/chassis/${uuid}`)).status, 400, 'not with nodes in it');
  const body = [{ op: 'replace', path: '/description', value: 'x' }];
  t.is((await api.send(`PATCH /v1/chassis/${uuid}`, { body })).json.description, 'x');
  const bad = [{ op: 'replace', path: '/uuid', value: A }];
  t.is((await api.send(`PATCH /v1/chassis/${uuid}`, { body: bad })).status, 400);
  await api.send('DELETE /v1/nodes/one');
  t.is((await api.send(`DELETE /v1/chassis/${uuid}`)).status, 204);
  t.is((await api.send(`DELETE /v1/chassis/${uuid}`)).status, 404);
  t.is(
    (await api.send('POST /v1/chassis', { body: { description: 'x'.repeat(256) } })).status,
    400,
  );
});

test('the timeline gives events after an id and the last operation', async (t) => {
  const api = await withNode(t);
  t.is((await api.send('GET /v1/nodes/one/timeline')).json.operation, null);
  const operation = await insertOperation(api.database, {
    nodeUuid: A,
    verb: 'deploy',
    steps: ['prepare_image', 'write_disk'],
  });
  const [step] = await listSteps(api.database, operation.uuid);
  t.truthy(step);
  if (step !== undefined) await setStepStatus(api.database, step, 'running');
  const id = await appendEvent(api.database, {
    kind: 'step.started',
    nodeUuid: A,
    operationUuid: operation.uuid,
    message: 'prepare_image',
    data: { a: 1 },
  });
  const { json } = await api.send(`GET /v1/nodes/one/timeline?after=${id - 1}`);
  t.like(json, {
    events: [
      { id, kind: 'step.started', message: 'prepare_image', operation_uuid: operation.uuid },
    ],
    operation: {
      uuid: operation.uuid,
      verb: 'deploy',
      status: 'running',
      error: null,
      steps: [
        { name: 'prepare_image', status: 'running', attempts: 1 },
        { name: 'write_disk', status: 'pending', attempts: 0 },
      ],
    },
  });
  t.deepEqual((await api.send(`GET /v1/nodes/one/timeline?after=${id}`)).json.events, []);
  t.like((await api.send('GET /v1/nodes/one/timeline?limit=0')).json, { last_event_id: id });
  t.is(((await api.send('GET /v1/nodes/one/timeline?limit=1')).json.events as unknown[]).length, 1);
  t.is((await api.send('GET /v1/nodes/one/timeline?after=x')).status, 400);
});

const CALL = { address: '192.0.2.7', key: 'K', iqn: 'iqn.2008-10.org.openstack:x' };
const CALL_PATHS = [
  '/v1/nodes/one/vendor_passthru/pass_deploy_info',
  '/v1/nodes/one/vendor_passthru?method=pass_deploy_info',
  '/nodes/one/vendor_passthru/pass_deploy_info',
  '/nodes/one/vendor_passthru?method=pass_deploy_info',
];

for (const path of CALL_PATHS)
  test(`the ramdisk calls ${path}, also where only its routes are served`, async (t) => {
    const api = await withNode(t);
    await updateNode(api.database, A, { instanceInfo: { deploy_key: 'K' } });
    const conductor = smallConductor(api.database, api.asked);
    const publicOnly = Fastify();
    t.teardown(() => publicOnly.close());
    await publicOnly.register(ramdiskRoutes, { database: api.database, conductor });
    for (const app of [api.app, publicOnly]) {
      const post = (payload: object) =>
        app.inject({ method: 'POST', url: path, payload: JSON.stringify(payload) });
      const good = await post({ ...CALL, port: '3261' });
      t.is(good.statusCode, 202, good.body);
      t.deepEqual(api.asked.at(-1)?.value, { ...CALL, listenPort: 3261, lun: 1 });
      t.is((await post({ ...CALL, key: 'wrong' })).statusCode, 400);
      for (const bad of [{ ...CALL, address: 'x' }, { key: 'K' }, { ...CALL, port: 70_000 }, []])
        t.is((await post(bad)).statusCode, 400, JSON.stringify(bad));
      t.is(
        (await post({ ...CALL, error: 'x'.repeat(70_000) })).statusCode,
        app === api.app ? 202 : 413,
      );
      const unknown = await app.inject({
        method: 'POST',
        url: path.replace('/one/', '/nope/'),
        payload: JSON.stringify(CALL),
      });
      t.is(unknown.statusCode, 404);
      t.regex(unknown.body, /error_message/);
    }
    t.is((await publicOnly.inject('/v1/nodes')).statusCode, 404);
    t.is((await publicOnly.inject('/v1/nodes/one')).statusCode, 404);
  });

test('vendor methods of a node', async (t) => {
  const api = await withNode(t);
  t.true('pass_deploy_info' in (await api.send('GET /v1/nodes/one/vendor_passthru/methods')).json);
  const unknown = await api.send('POST /v1/nodes/one/vendor_passthru/x', { body: {} });
  t.is(unknown.status, 400);
  t.is(unknown.error.faultstring, 'No handler for method x');
  t.is((await api.send('GET /v1/nodes/one/vendor_passthru/pass_deploy_info')).status, 400);
  t.is((await api.send('POST /v1/nodes/one/vendor_passthru')).status, 400);
});

test("a driver's vendor methods are not served on the provisioning network", async (t) => {
  const api = await withNode(t);
  await updateNode(api.database, A, { driver: 'fake-hardware' });
  const publicOnly = Fastify();
  t.teardown(() => publicOnly.close());
  const conductor = smallConductor(api.database, api.asked);
  await publicOnly.register(ramdiskRoutes, { database: api.database, conductor });
  const url = `/v1/nodes/${A}/vendor_passthru/third_method_sync`;
  const call = { method: 'POST', url, payload: '{"bar":"meow"}' } as const;
  t.is((await api.app.inject(call)).statusCode, 200);
  const refused = await publicOnly.inject(call);
  t.is(refused.statusCode, 400);
  t.regex(refused.body, /No handler for method third_method_sync/);
});

test('it serves on a unix socket', async (t) => {
  const api = await withNode(t);
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-api-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'api.sock');
  await api.app.listen({ path });
  const reply = await got(`http://unix:${path}:/v1/nodes`, { enableUnixSockets: true });
  t.is((JSON.parse(reply.body) as { nodes: unknown[] }).nodes.length, 1);
});
