import test from 'ava';
import { updateNode } from '../../conductor/store/nodes.ts';
import { type Harness, openHarness } from './harness.ts';

// What a running Ironic 21.4 was seen doing; "npm run test:ironic" compares all of it.

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const G = '33333333-3333-4333-8333-333333333333';
const P = '44444444-4444-4444-8444-444444444444';
type Test = { teardown(fn: () => Promise<void>): void };

async function withNode(t: Test): Promise<Harness> {
  const api = await openHarness();
  t.teardown(api.close);
  await api.send('POST /v1/nodes', { body: { driver: 'fake-hardware', name: 'one', uuid: A } });
  return api;
}

async function makeActive(api: Harness): Promise<void> {
  await api.database.updateTable('nodes').set({ provisionState: 'active' }).execute();
}

const patch = (api: Harness, path: string, field: string, value: unknown) =>
  api.send(`PATCH /v1/${path}`, { body: [{ op: 'replace', path: field, value }] });

test('a patch that changes nothing is no update', async (t) => {
  const api = await withNode(t);
  const post = (path: string, body: object) => api.send(`POST /v1/${path}`, { body });
  await post('chassis', { uuid: A, description: 'rack' });
  await post('portgroups', { uuid: G, node_uuid: A, name: 'bond' });
  await post('ports', { uuid: P, node_uuid: A, address: '52:54:00:00:00:01' });
  await post('allocations', { uuid: B, name: 'al', resource_class: 'none' });
  for (const path of [`chassis/${A}`, `portgroups/${G}`, `ports/${P}`]) {
    t.is((await patch(api, path, '/extra', {})).json.updated_at, null, path);
    t.not((await patch(api, path, '/extra', { a: 1 })).json.updated_at, null, path);
  }
});

test('a patch of a portgroup keeps the VIF that it carries', async (t) => {
  const api = await withNode(t);
  await api.send('POST /v1/portgroups', { body: { uuid: G, node_uuid: A } });
  const internalInfo = JSON.stringify({ tenant_vif_port_id: B });
  await api.database.updateTable('portgroups').set({ internalInfo }).execute();
  const { json } = await patch(api, `portgroups/${G}`, '/extra', { a: 1 });
  t.deepEqual(json.internal_info, { tenant_vif_port_id: B });
});

test('a port that carries a VIF is removed in maintenance only', async (t) => {
  const api = await withNode(t);
  const body = { uuid: P, node_uuid: A, address: '52:54:00:00:00:01' };
  await api.send('POST /v1/ports', { body });
  const internalInfo = JSON.stringify({ tenant_vif_port_id: B });
  await api.database.updateTable('ports').set({ internalInfo }).execute();
  const refused = await api.send(`DELETE /v1/ports/${P}`);
  t.is(refused.status, 409);
  t.is(refused.error.ironpxe_code, 'PORT_BOUND');
  await updateNode(api.database, A, { maintenance: true });
  t.is((await api.send(`DELETE /v1/ports/${P}`)).status, 204);
});

test('an interface may be set to what it is in any state, to another in some only', async (t) => {
  const api = await withNode(t);
  await makeActive(api);
  t.is((await patch(api, 'nodes/one', '/console_interface', 'fake')).status, 200);
  t.is((await patch(api, 'nodes/one', '/console_interface', 'no-console')).status, 409);
});

test('properties that schedulers count with are numbers', async (t) => {
  const api = await withNode(t);
  t.is((await patch(api, 'nodes/one', '/properties', { cpus: 4, memory_mb: '8192' })).status, 200);
  const refused = await patch(api, 'nodes/one', '/properties', { cpus: 'many', local_gb: -1 });
  t.is(refused.status, 400);
  t.regex(String(refused.error.faultstring), /found cpus="many", local_gb=-1/);
});

test('passwords of volume targets are masked', async (t) => {
  const api = await withNode(t);
  const target = { node_uuid: A, volume_type: 'iscsi', volume_id: 'v', boot_index: 0 };
  const body = { ...target, properties: { auth_username: 'u', auth_password: 'p' } };
  const { json } = await api.send('POST /v1/volume/targets', { body });
  t.deepEqual(json.properties, { auth_username: 'u', auth_password: '******' });
});

test('a protected node with an instance is refused for its instance', async (t) => {
  const api = await withNode(t);
  await makeActive(api);
  await updateNode(api.database, A, { protected: true, instanceUuid: B });
  t.is((await api.send('DELETE /v1/nodes/one')).status, 409);
  await updateNode(api.database, A, { maintenance: true });
  t.is((await api.send('DELETE /v1/nodes/one')).status, 403);
});

/** Request, minor version, body, status. */
const ANSWERS: readonly (readonly [string, number, unknown, number])[] = [
  ['GET //v1/nodes', 82, undefined, 200],
  ['GET /v1/nodes?fields=uuid,%20name,', 82, undefined, 200],
  [`GET /v1/nodes?chassis_uuid=${B}`, 82, undefined, 404],
  ['GET /v1/nodes?fault=x', 82, undefined, 400],
  [`GET /v1/ports?marker=${B}`, 82, undefined, 404],
  ['GET /v1/ports?marker=x', 82, undefined, 400],
  ['GET /v1/chassis/x', 82, undefined, 400],
  ['DELETE /v1/chassis/x', 82, undefined, 400],
  ['GET /v1/events', 53, undefined, 404],
  ['GET /v1/events', 54, undefined, 405],
  ['GET /v1/lookup?addresses=x', 82, undefined, 400],
  ['GET /v1/lookup?node_uuid=x', 82, undefined, 400],
  [`PUT /v1/nodes/${A}/traits`, 36, { traits: [] }, 405],
  [`GET /v1/nodes/${A}/traits`, 36, undefined, 406],
  ['GET /v1/volume/targets?detail=True', 32, undefined, 200],
  [`GET /v1/nodes/${A}/bios?detail=True`, 73, undefined, 406],
  ['GET /v1/nodes?retired=True', 60, undefined, 200],
  ['GET /v1/nodes/one/management/indicators/led', 82, undefined, 400],
  ['PUT /v1/nodes/one/management/indicators/led@system', 82, { state: 'OFF' }, 400],
  ['PUT /v1/nodes/one/traits/CUSTOM_A', 82, {}, 204],
  [`DELETE /v1/nodes/${A}/allocation`, 51, undefined, 404],
  ['PUT /v1/nodes/one/states/provision', 82, { target: 'clean', clean_steps: [] }, 400],
  ['PUT /v1/nodes/one/states/raid', 82, { logical_disks: [{ size_gb: 1, raid_level: '1' }] }, 204],
  [
    'PUT /v1/nodes/one/states/raid',
    82,
    { logical_disks: [{ size_gb: 1, raid_level: '1', nope: 1 }] },
    400,
  ],
  ['POST /v1/nodes', 82, { driver: 'fake-hardware', name: '' }, 400],
  ['POST /v1/nodes', 82, { driver: 'fake-hardware', name: 'ports' }, 201],
  ['PATCH /v1/nodes/one', 82, [{ op: 'add', path: '/extra/größe', value: 1 }], 200],
];

for (const [request, minor, body, status] of ANSWERS)
  test(`${request} ${JSON.stringify(body) ?? ''} at 1.${minor} is ${status}`, async (t) => {
    const api = await withNode(t);
    const reply = await api.send(request, { minor, body });
    t.is(reply.status, status, reply.text);
  });

test('fake-hardware has the lamps of Ironic, other machines have none', async (t) => {
  const api = await withNode(t);
  const { json } = await api.send('GET /v1/nodes/one/management/indicators');
  t.like(json, {
    indicators: [
      { name: 'led-0@chassis', component: 'chassis', readonly: true, states: ['off', 'on'] },
      { name: 'led@system', component: 'system', readonly: false },
    ],
  });
  const lamp = await api.send('GET /v1/nodes/one/management/indicators/led@system');
  t.deepEqual(lamp.json, { state: 'on' });
  await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', uuid: B } });
  t.is((await api.send(`GET /v1/nodes/${B}/management/indicators`)).status, 400);
});

test('a trait that is added has a place', async (t) => {
  const api = await withNode(t);
  const { headers } = await api.send('PUT /v1/nodes/one/traits/CUSTOM_A');
  t.regex(String(headers.location), /\/v1\/nodes\/one\/traits\/CUSTOM_A$/);
});
