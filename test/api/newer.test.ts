import test from 'ava';
import { appendEvent } from '../../conductor/store/events.ts';
import { putInventory } from '../../conductor/store/inventories.ts';
import { transition, updateNode } from '../../conductor/store/nodes.ts';
import type { JsonObject } from '../../conductor/store/types.ts';
import { type Harness, openHarness } from './harness.ts';

const A = '11111111-1111-4111-8111-111111111111';
type Test = { teardown(fn: () => Promise<void>): void };

async function withNode(t: Test, driver = 'fake-hardware'): Promise<Harness> {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  await api.send('POST /v1/nodes', { body: { driver, uuid: A, name: 'one' } });
  return api;
}

const setState = (api: Harness, provisionState: string) =>
  api.database.updateTable('nodes').set({ provisionState, targetProvisionState: null }).execute();
const patch = (api: Harness, path: string, value: unknown) =>
  api.send('PATCH /v1/nodes/one', { body: [{ op: 'add', path, value }] });

const NETWORK = {
  links: [{ id: 'l', type: 'phy', ethernet_mac_address: '52:54:00:00:00:01' }],
  networks: [{ id: 'n', link: 'l', type: 'ipv4_dhcp' }],
  services: [],
};
const FIELDS: readonly (readonly [field: string, good: unknown, bad: unknown, empty: unknown])[] = [
  ['lessee', 'project', 7, null],
  ['shard', 'shard-1', {}, null],
  ['network_data', NETWORK, { links: 'x' }, {}],
  ['retired', true, 'maybe', false],
];
for (const [field, good, bad, empty] of FIELDS)
  test(`node field ${field}: set, refused, taken away`, async (t) => {
    const api = await withNode(t);
    t.deepEqual((await patch(api, `/${field}`, good)).json[field], good);
    t.is((await patch(api, `/${field}`, bad)).status, 400);
    const gone = await api.send('PATCH /v1/nodes/one', {
      body: [{ op: 'remove', path: `/${field}` }],
    });
    t.deepEqual(gone.json[field], empty);
  });

test('a free node is not retired, and a reason goes with retirement', async (t) => {
  const api = await withNode(t);
  t.is((await patch(api, '/retired_reason', 'old')).status, 400);
  await setState(api, 'available');
  t.is((await patch(api, '/retired', true)).status, 409);
  await setState(api, 'manageable');
  await patch(api, '/retired', 'True');
  t.is((await patch(api, '/retired_reason', 'old')).json.retired_reason, 'old');
  t.is((await patch(api, '/retired', false)).json.retired_reason, null);
});

test('filters by retired, lessee, project, shard', async (t) => {
  const api = await withNode(t);
  const make = (name: string, more: object) =>
    api.send('POST /v1/nodes', { body: { driver: 'fake-hardware', name, ...more } });
  await make('two', { lessee: 'p', shard: 's1' });
  await make('three', { owner: 'p', retired: true, shard: 's2' });
  const names = async (query: string) => {
    const { json } = await api.send(`GET /v1/nodes?${query}&fields=name&sort_key=name`);
    return (json.nodes as JsonObject[]).map(({ name }) => name).join(' ');
  };
  t.is(await names('project=p'), 'three two');
  t.is(await names('lessee=p'), 'two');
  t.is(await names('retired=true'), 'three');
  t.is(await names('shard=s1,s2'), 'three two');
  t.is(await names('sharded=false'), 'one');
  t.is(await names('shard=s1,s2&project=p&retired=false'), 'two');
  const { json } = await api.send('GET /v1/shards');
  t.deepEqual(json.shards, [
    { name: 'None', count: 1 },
    { name: 's1', count: 1 },
    { name: 's2', count: 1 },
  ]);
  const port = { address: '52:54:00:00:00:01', node_uuid: A };
  await api.send('POST /v1/ports', { body: port });
  t.deepEqual((await api.send('GET /v1/ports?shard=s1')).json.ports, []);
});

test('interfaces: the default, another of the driver, one that it has not', async (t) => {
  const api = await withNode(t);
  t.is((await api.send('GET /v1/nodes/one')).json.raid_interface, 'fake');
  t.is((await patch(api, '/raid_interface', 'no-raid')).json.raid_interface, 'no-raid');
  t.is((await patch(api, '/raid_interface', 'idrac')).status, 400);
  t.is((await api.send('PUT /v1/nodes/one/states/raid', { body: {} })).status, 404);
  await setState(api, 'active');
  t.is((await patch(api, '/raid_interface', 'fake')).status, 409);
});

test('console, RAID and firmware of fake hardware', async (t) => {
  const api = await withNode(t);
  const put = async (path: string, body: unknown) =>
    (await api.send(`PUT /v1/nodes/one/states/${path}`, { body })).status;
  t.is(await put('console', { enabled: 'true' }), 202);
  const { json } = await api.send('GET /v1/nodes/states/console/one');
  t.deepEqual(json, { console_enabled: true, console_info: {} });
  t.is((await patch(api, '/driver', 'pxe_ssh')).status, 409, 'the console is open');
  const raid = { logical_disks: [{ size_gb: 'MAX', raid_level: '1' }] };
  t.is(await put('raid', raid), 204);
  t.is(await put('raid', { logical_disks: [{ size_gb: 0, raid_level: '1' }] }), 400);
  t.is(await put('boot_mode', { target: 'uefi' }), 202);
  t.is(await put('boot_mode', { target: 'coreboot' }), 400);
  t.is(await put('secure_boot', { target: true }), 202);
  const states = (await api.send('GET /v1/nodes/one/states')).json;
  t.like(states, { boot_mode: 'uefi', secure_boot: true, console_enabled: true });
  t.deepEqual(states.target_raid_config, raid);
  await setState(api, 'deploying');
  t.is(await put('boot_mode', { target: 'bios' }), 409);
});

test('what other drivers cannot do is refused', async (t) => {
  const api = await withNode(t, 'pxe_ssh');
  const put = async (path: string, body: unknown) =>
    (await api.send(`PUT /v1/nodes/one/${path}`, { body })).status;
  t.is(await put('states/boot_mode', { target: 'uefi' }), 400);
  t.is(await put('states/secure_boot', { target: true }), 400);
  t.is(await put('states/console', { enabled: true }), 400);
  t.is(await put('states/raid', {}), 404);
  t.is(await put('management/indicators/led@chassis', { state: 'ON' }), 400);
  const made = { driver: 'pxe_ssh', boot_mode: 'uefi', secure_boot: true };
  const { status, json } = await api.send('POST /v1/nodes', { body: made });
  t.is(status, 201);
  t.like(json, { boot_mode: 'uefi', secure_boot: true });
});

test('deploy templates: made, refused, changed, shown by name', async (t) => {
  const api = await withNode(t);
  const step = { interface: 'bios', step: 'apply', args: { password: 'p' }, priority: '10' };
  const post = (body: object) => api.send('POST /v1/deploy_templates', { body });
  const made = await post({ name: 'CUSTOM_T', steps: [step] });
  t.is(made.status, 201, made.text);
  t.deepEqual(made.json.steps, [{ ...step, priority: 10, args: { password: '******' } }]);
  t.is((await post({ name: 'CUSTOM_T', steps: [step] })).status, 409);
  t.is((await post({ name: 'custom', steps: [step] })).status, 400);
  t.is((await post({ name: 'CUSTOM_U', steps: [] })).status, 400);
  t.is((await post({ name: 'CUSTOM_U', steps: [step, step] })).status, 400, 'the same step twice');
  t.is((await post({ name: 'CUSTOM_U', steps: [{ ...step, interface: 'network' }] })).status, 400);
  const to = [{ op: 'replace', path: '/steps/0/priority', value: 20 }];
  const changed = await api.send('PATCH /v1/deploy_templates/CUSTOM_T', { body: to });
  t.is((changed.json.steps as JsonObject[])[0]?.priority, 20);
  const { json } = await api.send('GET /v1/deploy_templates');
  t.deepEqual(Object.keys((json.deploy_templates as JsonObject[])[0] ?? {}), [
    'uuid',
    'name',
    'links',
  ]);
  t.is((await api.send('DELETE /v1/deploy_templates/CUSTOM_T')).status, 204);
});

test('history tells the failures of the timeline, a page at a time', async (t) => {
  const api = await withNode(t);
  for (const lastError of ['first', 'x'.repeat(300)]) {
    await transition(api.database, A, 'manage');
    await transition(api.database, A, 'fail', { patch: { lastError } });
  }
  await appendEvent(api.database, { kind: 'step.done', nodeUuid: A, message: 'no failure' });
  const first = (await api.send('GET /v1/nodes/one/history?limit=1')).json;
  t.like((first.history as JsonObject[])[0], { severity: 'ERROR', event: 'first' });
  const next = new URL(String(first.next));
  const second = (await api.send(`GET ${next.pathname}${next.search}`)).json;
  const [entry = {}] = second.history as JsonObject[];
  t.is(String(entry.event).length, 255);
  const whole = (await api.send(`GET /v1/nodes/one/history/${String(entry.uuid)}`)).json;
  t.like(whole, { event: 'x'.repeat(300), event_type: 'provisioning', user: null });
  t.is((await api.send(`GET /v1/nodes/one/history/${A}`)).status, 404);
});

test('an inventory is there once the node was inspected', async (t) => {
  const api = await withNode(t);
  t.is((await api.send('GET /v1/nodes/one/inventory')).status, 404);
  const found = { inventory: { cpu: { count: 4 } }, pluginData: { lldp: [] } };
  await putInventory(api.database, A, found);
  const { json } = await api.send('GET /v1/nodes/one/inventory');
  t.deepEqual(json, { inventory: found.inventory, plugin_data: found.pluginData });
});

test('an agent gets its token once, and reports with it', async (t) => {
  const api = await withNode(t);
  const lookUp = (minor = 62) => api.send(`GET /v1/lookup?node_uuid=${A}`, { minor });
  t.is((await lookUp()).status, 404, 'no agent is expected');
  await setState(api, 'wait call-back');
  const token = ((await lookUp()).json.config as JsonObject).agent_token;
  t.regex(String(token), /^[\w-]{43}$/);
  t.is(((await lookUp()).json.config as JsonObject).agent_token, '******');
  t.is(((await lookUp(61)).json.config as JsonObject).agent_token, null);
  const beat = async (more: object, minor = 72) =>
    (
      await api.send(`POST /v1/heartbeat/${A}`, {
        body: { callback_url: 'http://10.0.0.9:9999', agent_version: '9.0', ...more },
        minor,
      })
    ).status;
  t.is(await beat({}), 400, 'without a token');
  t.is(await beat({ agent_token: 'wrong' }), 400);
  t.is(await beat({ agent_token: token, agent_status: 'start' }, 71), 400, 'too new a field');
  t.is(await beat({ agent_token: token }), 202);
  t.is(await beat({ agent_token: token, callback_url: 'http://10.0.0.8:9999' }), 400);
  const info = (await api.send('GET /v1/nodes/one')).json.driver_internal_info as JsonObject;
  t.like(info, { agent_url: 'http://10.0.0.9:9999', agent_version: '9.0' });
  t.is(info.agent_secret_token, '******');
});

test('events of Neutron are noted at the node', async (t) => {
  const api = await withNode(t);
  await api.send('POST /v1/ports', { body: { node_uuid: A, address: '52:54:00:00:00:01' } });
  const event = {
    event: 'network.bind_port',
    port_id: A,
    mac_address: '52:54:00:00:00:01',
    status: 'ACTIVE',
  };
  const post = async (events: object[]) =>
    (await api.send('POST /v1/events', { body: { events } })).status;
  t.is(await post([event]), 204);
  t.is(await post([{ ...event, event: 'network.explode' }]), 400);
  t.is(await post([]), 400);
  const { json } = await api.send('GET /v1/nodes/one/timeline');
  t.regex(JSON.stringify(json.events), /network\.bind_port of 52:54:00:00:00:01: ACTIVE/);
});

test('what goes with a verb reaches the conductor, and what does not fit is refused', async (t) => {
  const api = await withNode(t);
  const put = async (body: object, minor = 82) =>
    (await api.send('PUT /v1/nodes/one/states/provision', { body, minor })).status;
  await setState(api, 'manageable');
  const cleanSteps = [{ interface: 'deploy', step: 'erase_devices' }];
  t.is(await put({ target: 'clean', clean_steps: [{ interface: 'moon', step: 'x' }] }), 400);
  t.is(await put({ target: 'clean', clean_steps: cleanSteps, disable_ramdisk: true }, 69), 406);
  t.is(await put({ target: 'clean', clean_steps: cleanSteps, disable_ramdisk: true }), 202);
  const clean = { cleanSteps, disableRamdisk: true };
  t.deepEqual(api.asked.at(-1), { what: 'clean', value: clean });
  await setState(api, 'available');
  const deploySteps = [{ interface: 'deploy', step: 'x', args: {}, priority: 5 }];
  t.is(await put({ target: 'active', deploy_steps: deploySteps }, 68), 406);
  t.is(await put({ target: 'provide', deploy_steps: deploySteps }), 400);
  t.is(await put({ target: 'active', configdrive: 'not base64!' }), 400);
  t.is(await put({ target: 'active', configdrive: { meta_data: {} } }, 55), 400);
  t.is(await put({ target: 'active', configdrive: { vendor_data: {} } }, 58), 400);
  t.is(await put({ target: 'active', configdrive: { colour: {} } }), 400);
  t.is(await put({ target: 'active', deploy_steps: deploySteps }), 202);
  t.deepEqual(api.asked.at(-1), { what: 'deploy', value: { deploySteps } });
  await setState(api, 'active');
  const serviceSteps = [{ interface: 'power', step: 'wait', args: { seconds: 5 } }];
  t.is(await put({ target: 'service', service_steps: serviceSteps }, 87), 202);
  t.deepEqual(api.asked.at(-1), { what: 'service', value: { serviceSteps } });
});

test('setting a node out of maintenance forgets the fault', async (t) => {
  const api = await withNode(t);
  await updateNode(api.database, A, { maintenance: true, fault: 'power failure' });
  t.is((await patch(api, '/maintenance', false)).json.fault, null);
});
