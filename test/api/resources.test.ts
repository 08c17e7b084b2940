import test from 'ava';
import { transition, updateNode } from '../../conductor/store/nodes.ts';
import type { JsonObject } from '../../conductor/store/types.ts';
import { openHarness } from './harness.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const G = '33333333-3333-4333-8333-333333333333';
type Test = { teardown(fn: () => Promise<void>): void };

async function withNodes(t: Test) {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  for (const [name, uuid] of [
    ['one', A],
    ['two', B],
  ])
    await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name, uuid } });
  return api;
}

test('a portgroup: made, shown by name, changed, filled, emptied, removed', async (t) => {
  const api = await withNodes(t);
  const body = { node_uuid: A, name: 'bond', address: '52:54:00:00:00:AA', uuid: G };
  const made = await api.send('POST /v1/portgroups', { body });
  t.is(made.status, 201, made.text);
  t.is(made.headers.location, `http://h/v1/portgroups/${G}`);
  t.like(made.json, {
    address: '52:54:00:00:00:aa',
    mode: 'active-backup',
    standalone_ports_supported: true,
    properties: {},
    internal_info: {},
  });
  t.is((await api.send('GET /v1/portgroups/bond')).json.uuid, G);
  const patch = [
    { op: 'replace', path: '/mode', value: '802.3ad' },
    { op: 'add', path: '/properties/miimon', value: '100' },
  ];
  const changed = await api.send('PATCH /v1/portgroups/bond', { body: patch });
  t.like(changed.json, { mode: '802.3ad', properties: { miimon: '100' } });
  const port = { node_uuid: A, address: '52:54:00:00:00:01', portgroup_uuid: G };
  const { json } = await api.send('POST /v1/ports', { body: port });
  t.is(json.portgroup_uuid, G);
  for (const path of ['/v1/portgroups/bond/ports', '/v1/ports?portgroup=bond'])
    t.is(((await api.send(`GET ${path}`)).json.ports as unknown[]).length, 1, path);
  const groups = (await api.send('GET /v1/nodes/one/portgroups')).json.portgroups as JsonObject[];
  t.deepEqual(
    groups.map(({ name }) => name),
    ['bond'],
  );
  t.is(((await api.send('GET /v1/portgroups?node=two')).json.portgroups as unknown[]).length, 0);
  t.is((await api.send('DELETE /v1/portgroups/bond')).status, 400, 'not with ports in it');
  const out = [{ op: 'remove', path: '/portgroup_uuid' }];
  const uuid = String(json.uuid);
  t.is((await api.send(`PATCH /v1/ports/${uuid}`, { body: out })).json.portgroup_uuid, null);
  t.is((await api.send('DELETE /v1/portgroups/bond')).status, 204);
  t.is((await api.send('DELETE /v1/portgroups/bond')).status, 404);
});

const BAD_PORTGROUPS: readonly [title: string, body: object, status: number][] = [
  ['no node', {}, 400],
  ['an unknown node', { node_uuid: G }, 400],
  ['a name in use', { node_uuid: B, name: 'BOND' }, 409],
  ['an address in use', { node_uuid: B, address: '52:54:00:00:00:aa' }, 409],
  ['a bad address', { node_uuid: B, address: 'x' }, 400],
  ['a bad name', { node_uuid: B, name: 'a b' }, 400],
  ['an unknown field', { node_uuid: B, colour: 1 }, 400],
];
for (const [title, body, status] of BAD_PORTGROUPS)
  test(`a portgroup with ${title} is refused`, async (t) => {
    const api = await withNodes(t);
    const first = { node_uuid: A, name: 'bond', address: '52:54:00:00:00:aa' };
    await api.send('POST /v1/portgroups', { body: first });
    const reply = await api.send('POST /v1/portgroups', { body });
    t.is(reply.status, status, reply.text);
  });

test('a port belongs to a portgroup of its own node', async (t) => {
  const api = await withNodes(t);
  await api.send('POST /v1/portgroups', { body: { node_uuid: A, uuid: G } });
  const post = (portgroup_uuid: string) =>
    api.send('POST /v1/ports', {
      body: { node_uuid: B, address: '52:54:00:00:00:01', portgroup_uuid },
    });
  t.is((await post(G)).status, 400);
  t.is((await post(A)).status, 400);
});

const LINKS: readonly [link: unknown, status: number][] = [
  [{}, 201],
  [null, 201],
  [{ switch_id: '00:11:22:33:44:55', port_id: 'eth0', switch_info: 'sw1' }, 201],
  [{ switch_id: '0x0000112233445566', port_id: 'eth0' }, 201],
  [{ switch_id: '00:11:22:33:44:55' }, 400],
  [{ port_id: 'eth0' }, 400],
  [{ switch_id: 'sw1', port_id: 'eth0' }, 400],
  [{ switch_id: '00:11:22:33:44:55', port_id: 'eth0', colour: 1 }, 400],
];
for (const [link, status] of LINKS)
  test(`local_link_connection ${JSON.stringify(link)} is ${status}`, async (t) => {
    const api = await withNodes(t);
    const body = { node_uuid: A, address: '52:54:00:00:00:01', local_link_connection: link };
    const reply = await api.send('POST /v1/ports', { body });
    t.is(reply.status, status, reply.text);
  });

test('how a machine is connected changes before it is offered, or in maintenance', async (t) => {
  const api = await withNodes(t);
  const made = await api.send('POST /v1/ports', {
    body: { node_uuid: A, address: '52:54:00:00:00:01' },
  });
  const patch = (path: string, value: unknown) =>
    api.send(`PATCH /v1/ports/${String(made.json.uuid)}`, { body: [{ op: 'add', path, value }] });
  t.is((await patch('/pxe_enabled', 'False')).json.pxe_enabled, false);
  t.is((await patch('/physical_network', 'net1')).json.physical_network, 'net1');
  for (const event of ['manage', 'done', 'provide', 'done'] as const)
    await transition(api.database, A, event);
  t.is((await patch('/pxe_enabled', true)).status, 409);
  t.is((await patch('/extra/a', 1)).status, 200);
  await updateNode(api.database, A, { maintenance: true });
  t.is((await patch('/pxe_enabled', true)).status, 200);
});

test('volume connectors and targets', async (t) => {
  const api = await withNodes(t);
  const connector = { node_uuid: A, type: 'iqn', connector_id: 'iqn.2024.org.x:1' };
  const target = { node_uuid: A, volume_type: 'iscsi', volume_id: 'v1', boot_index: '0' };
  const made = await api.send('POST /v1/volume/connectors', { body: connector });
  const aimed = await api.send('POST /v1/volume/targets', { body: target });
  t.is(made.status, 201, made.text);
  t.is(aimed.status, 201, aimed.text);
  t.is(aimed.json.boot_index, 0);
  const again = (path: string, body: object) => api.send(`POST /v1/volume/${path}`, { body });
  t.is((await again('connectors', { ...connector, node_uuid: B })).status, 409);
  t.is((await again('targets', { ...target, volume_id: 'v2' })).status, 409);
  t.is((await again('connectors', { ...connector, type: 'port' })).status, 201, 'any type');
  t.is((await again('targets', { ...target, boot_index: 'x' })).status, 400);
  const targets = await api.send('GET /v1/nodes/one/volume/targets?detail=True');
  t.is((targets.json.targets as unknown[]).length, 1);
  const none = await api.send('GET /v1/nodes/two/volume/connectors');
  t.deepEqual(none.json, { connectors: [] });
  t.is((await api.send('GET /v1/volume/connectors?node=one')).status, 200);
  const path = `/v1/volume/targets/${String(aimed.json.uuid)}`;
  const body = [{ op: 'replace', path: '/volume_id', value: 'v9' }];
  t.is((await api.send(`PATCH ${path}`, { body })).status, 400, 'nobody knows whether it is off');
  await updateNode(api.database, A, { powerState: 'power on' });
  t.is((await api.send(`PATCH ${path}`, { body })).status, 400, 'the machine is on');
  t.is((await api.send(`DELETE ${path}`)).status, 400, 'the machine is on');
  await updateNode(api.database, A, { powerState: 'power off' });
  t.is((await api.send(`PATCH ${path}`, { body })).json.volume_id, 'v9');
  t.is((await api.send(`DELETE ${path}`)).status, 204);
  t.is((await api.send(`GET ${path}`)).status, 404);
});

test('traits: added, listed with nodes, replaced, removed', async (t) => {
  const api = await withNodes(t);
  const path = '/v1/nodes/one/traits';
  for (const trait of ['CUSTOM_B', 'CUSTOM_A', 'CUSTOM_A', 'HW_CPU_X86_VMX'])
    t.is((await api.send(`PUT ${path}/${trait}`)).status, 204, trait);
  const sorted = ['CUSTOM_A', 'CUSTOM_B', 'HW_CPU_X86_VMX'];
  t.deepEqual((await api.send(`GET ${path}`)).json, { traits: sorted });
  const list = (await api.send('GET /v1/nodes?fields=name,traits')).json.nodes as JsonObject[];
  t.deepEqual(
    list.map(({ traits }) => traits),
    [sorted, []],
  );
  t.is((await api.send(`DELETE ${path}/CUSTOM_A`)).status, 204);
  t.is((await api.send(`DELETE ${path}/CUSTOM_A`)).status, 404);
  t.is((await api.send(`PUT ${path}`, { body: { traits: ['CUSTOM_C'] } })).status, 204);
  t.deepEqual((await api.send('GET /v1/nodes/one')).json.traits, ['CUSTOM_C']);
  t.is((await api.send(`DELETE ${path}`)).status, 204);
  t.deepEqual((await api.send(`GET ${path}`)).json, { traits: [] });
  for (const bad of ['lower', 'CUSTOM_', 'CUSTOM_x', 'X', `CUSTOM_${'A'.repeat(250)}`])
    t.is((await api.send(`PUT ${path}/${bad}`)).status, 400, bad);
  const many = Array.from({ length: 51 }, (_, index) => `CUSTOM_${index}`);
  t.is((await api.send(`PUT ${path}`, { body: { traits: many } })).status, 400);
  t.is((await api.send(`PUT ${path}`, { body: { traits: many.slice(1) } })).status, 204);
  const add = [{ op: 'add', path: '/traits', value: [] }];
  t.is((await api.send('PATCH /v1/nodes/one', { body: add })).status, 400);
});

test('interfaces: those of the driver, and no others', async (t) => {
  const api = await withNodes(t);
  t.like((await api.send('GET /v1/nodes/one')).json, {
    boot_interface: 'pxe',
    deploy_interface: 'iscsi',
    power_interface: 'ssh',
    management_interface: 'ssh',
    network_interface: 'noop',
    raid_interface: 'no-raid',
  });
  const set = (value: string) =>
    api.send('PATCH /v1/nodes/one', { body: [{ op: 'add', path: '/power_interface', value }] });
  t.is((await set('ssh')).status, 200);
  const refused = await set('ipmitool');
  t.is(refused.status, 400);
  t.regex(
    String(refused.error.faultstring),
    /entrypoint: ipmitool\. Valid interfaces are \['ssh'\]/,
  );
  const driver = (await api.send('GET /v1/drivers/pxe_ssh')).json;
  t.like(driver, { type: 'dynamic', default_power_interface: 'ssh' });
  t.deepEqual(driver.enabled_power_interfaces, ['ssh']);
  t.is(((await api.send('GET /v1/drivers?type=classic')).json.drivers as unknown[]).length, 0);
  t.is((await api.send('GET /v1/drivers?type=x')).status, 400);
});

test('resource_class, and a group that no conductor is in', async (t) => {
  const api = await withNodes(t);
  const set = (path: string, value: unknown) =>
    api.send('PATCH /v1/nodes/one', { body: [{ op: 'add', path, value }] });
  t.is((await set('/resource_class', 'x'.repeat(81))).status, 400);
  t.is((await set('/resource_class', 'x'.repeat(80))).status, 200);
  t.is((await set('/resource_class', 'baremetal')).status, 200);
  t.is(
    ((await api.send('GET /v1/nodes?resource_class=baremetal')).json.nodes as unknown[]).length,
    1,
  );
  for (const event of ['manage', 'done', 'provide', 'done', 'deploy', 'done'] as const)
    await transition(api.database, A, event);
  t.is((await set('/resource_class', 'other')).status, 409);
  t.is((await set('/conductor_group', 'rack')).status, 400);
  t.is((await set('/conductor_group', '')).status, 200);
  t.is(((await api.send('GET /v1/nodes?conductor_group=')).json.nodes as unknown[]).length, 2);
  t.is(((await api.send('GET /v1/nodes?conductor_group=x')).json.nodes as unknown[]).length, 0);
});

test('an agent finds its node while one is expected, and its heartbeat needs a token', async (t) => {
  const api = await withNodes(t);
  const body = { node_uuid: A, address: '52:54:00:00:00:01' };
  await api.send('POST /v1/ports', { body });
  const byMac = 'GET /v1/lookup?addresses=52:54:00:00:00:01,52:54:00:00:00:09';
  t.is((await api.send(byMac)).status, 404, 'nothing is expected in enroll');
  for (const event of ['manage', 'done', 'provide', 'done', 'deploy', 'wait'] as const)
    await transition(api.database, A, event);
  for (const request of [byMac, `GET /v1/lookup?node_uuid=${A}`]) {
    const { json } = await api.send(request);
    t.like(json, { node: { uuid: A, properties: {} }, config: { heartbeat_timeout: 300 } });
  }
  t.is((await api.send('GET /v1/lookup')).status, 400);
  t.is((await api.send(`GET /v1/lookup?node_uuid=${B}`)).status, 404);
  const beat = { callback_url: 'http://192.0.2.1:9999' };
  t.is((await api.send(`POST /v1/heartbeat/${A}`, { body: beat })).status, 400);
  t.is((await api.send(`POST /v1/heartbeat/${G}`, { body: beat })).status, 404);
});

test('VIFs and BIOS settings', async (t) => {
  const api = await withNodes(t);
  const vifs = '/v1/nodes/one/vifs';
  t.is((await api.send(`POST ${vifs}`, { body: { id: G } })).status, 204);
  t.is((await api.send(`POST ${vifs}`, { body: {} })).status, 400);
  t.deepEqual((await api.send(`GET ${vifs}`)).json, { vifs: [] });
  t.is((await api.send(`DELETE ${vifs}/${G}`)).status, 204);
  t.is((await api.send('POST /v1/nodes/nope/vifs', { body: { id: G } })).status, 404);
  t.deepEqual((await api.send('GET /v1/nodes/one/bios')).json, { bios: [] });
  t.is((await api.send('GET /v1/nodes/one/bios/x')).status, 404);
});

test('a protected node is neither undeployed, rebuilt nor removed', async (t) => {
  const api = await withNodes(t);
  const patch = (body: unknown) => api.send('PATCH /v1/nodes/one', { body });
  const protect = [{ op: 'add', path: '/protected', value: 'True' }];
  const create = { driver: 'pxe_ssh', protected: true };
  t.is((await api.send('POST /v1/nodes', { body: create })).status, 400, 'by PATCH only');
  t.is((await patch(protect)).status, 409, 'nothing is deployed on it');
  for (const event of ['manage', 'done', 'provide', 'done', 'deploy', 'done'] as const)
    await transition(api.database, A, event);
  const reason = { op: 'add', path: '/protected_reason', value: 'billing' };
  t.is((await patch([reason])).status, 400, 'a reason needs the mark');
  t.like((await patch([...protect, reason])).json, {
    protected: true,
    protected_reason: 'billing',
  });
  for (const target of ['deleted', 'rebuild']) {
    const put = await api.send('PUT /v1/nodes/one/states/provision', { body: { target } });
    t.is(put.status, 403, target);
    t.is(put.error.ironpxe_code, 'NODE_PROTECTED');
  }
  await api.send('PUT /v1/nodes/one/maintenance', { body: {} });
  t.is((await api.send('DELETE /v1/nodes/one')).status, 403, 'not even in maintenance');
  const free = await patch([{ op: 'remove', path: '/protected' }]);
  t.like(free.json, { protected: false, protected_reason: null });
  t.is((await api.send('DELETE /v1/nodes/one')).status, 204);
});

test('owner, description and automated_clean, and their filters', async (t) => {
  const api = await withNodes(t);
  const body = {
    driver: 'pxe_ssh',
    name: 'three',
    owner: 'project-1',
    description: 'Büro, shelf 100%',
    automated_clean: 'false',
  };
  const made = await api.send('POST /v1/nodes', { body });
  t.like(made.json, { owner: 'project-1', automated_clean: false, protected: false });
  t.is((await api.send('GET /v1/nodes/one')).json.automated_clean, null);
  const found = async (query: string) =>
    ((await api.send(`GET /v1/nodes?${query}`)).json.nodes as JsonObject[])
      .map(({ name }) => name)
      .join(' ');
  t.is(await found('owner=project-1'), 'three');
  t.is(await found('owner=project-2'), '');
  t.is(await found('description_contains=SHELF'), 'three');
  t.is(await found('description_contains=%25'), 'three', 'a percent sign is no wild card');
  t.is(await found('description_contains=_'), '');
  t.is(await found('conductor=test-conductor'), 'one two three');
  t.is(await found('conductor=x'), '');
  const long = { driver: 'pxe_ssh', description: 'x'.repeat(4097) };
  t.is((await api.send('POST /v1/nodes', { body: long })).status, 400);
});

test('conductors', async (t) => {
  const api = await withNodes(t);
  const { json } = await api.send('GET /v1/conductors');
  t.deepEqual(Object.keys((json.conductors as object[])[0] ?? {}), [
    'hostname',
    'conductor_group',
    'links',
    'alive',
  ]);
  t.like((await api.send('GET /v1/conductors/test-conductor')).json, {
    hostname: 'test-conductor',
    drivers: ['pxe_ssh', 'fake-hardware'],
    alive: true,
  });
  t.is((await api.send('GET /v1/conductors/x')).status, 404);
  const detail = (await api.send('GET /v1/conductors?detail=True')).json.conductors;
  t.true('drivers' in ((detail as object[])[0] ?? {}));
  t.is((await api.send('GET /v1/conductors?fields=colour')).status, 400);
});
