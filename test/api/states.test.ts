import test from 'ava';
import { MAX_MINOR } from '../../conductor/api/gates.ts';
import { transition, updateNode } from '../../conductor/store/nodes.ts';
import { openHarness } from './harness.ts';

const A = '11111111-1111-4111-8111-111111111111';
type Test = { teardown(fn: () => Promise<void>): void };

async function withNode(t: Test) {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name: 'one', uuid: A } });
  return api;
}

test('GET states', async (t) => {
  const api = await withNode(t);
  await updateNode(api.database, A, { powerState: 'power on', lastError: 'x' });
  const { status, json } = await api.send('GET /v1/nodes/one/states');
  t.is(status, 200);
  t.like(json, {
    power_state: 'power on',
    target_power_state: null,
    provision_state: 'enroll',
    target_provision_state: null,
    provision_updated_at: null,
    last_error: 'x',
    console_enabled: false,
  });
});

test('the verbs of a life go to the conductor and answer 202 with Location', async (t) => {
  const api = await withNode(t);
  const steps: readonly [target: string, verb: string, state: string][] = [
    ['manage', 'manage', 'manageable'],
    ['provide', 'provide', 'available'],
    ['active', 'deploy', 'deploying'],
  ];
  for (const [target, verb, state] of steps) {
    const reply = await api.send('PUT /v1/nodes/one/states/provision', { body: { target } });
    t.is(reply.status, 202, reply.text);
    t.is(reply.text, '');
    t.is(reply.headers.location, 'http://h/v1/nodes/one/states');
    t.is(api.asked.at(-1)?.what, verb);
    t.is((await api.send('GET /v1/nodes/one')).json.provision_state, state);
  }
  await transition(api.database, A, 'done');
  const body = { target: 'deleted' };
  t.is((await api.send('PUT /v1/nodes/one/states/provision', { body })).status, 202);
  t.is(api.asked.at(-1)?.what, 'delete');
});

test('a config drive goes with a deploy only', async (t) => {
  const api = await withNode(t);
  const put = (body: object) => api.send('PUT /v1/nodes/one/states/provision', { body });
  t.is((await put({ target: 'manage', configdrive: 'x' })).status, 400);
  await put({ target: 'manage' });
  await put({ target: 'provide' });
  t.is((await put({ target: 'active', configdrive: 'H4sI'.repeat(500_000) })).status, 202);
  t.is(
    (api.asked.at(-1)?.value as { configDrive?: string } | undefined)?.configDrive?.length,
    2_000_000,
  );
});

const REFUSED: readonly [body: unknown, status: number, minor?: number][] = [
  [{ target: 'nope' }, 400],
  [{ target: 'constructor' }, 400],
  [{ target: '__proto__' }, 400],
  [{}, 400],
  [undefined, 400],
  [{ target: 'active', colour: 1 }, 400],
  [{ target: 'active' }, 400],
  [{ target: 'abort' }, 400],
  [{ target: 'manage' }, 406, 3],
  [{ target: 'inspect' }, 406, 5],
  [{ target: 'rescue' }, 400],
];
for (const [body, status, minor = MAX_MINOR] of REFUSED)
  test(`PUT provision ${JSON.stringify(body)} at 1.${minor} is ${status}`, async (t) => {
    const api = await withNode(t);
    const reply = await api.send('PUT /v1/nodes/one/states/provision', { body, minor });
    t.is(reply.status, status, reply.text);
    t.is(reply.error.faultcode, 'Client');
    t.is((await api.send('GET /v1/nodes/one')).json.provision_state, 'enroll');
  });

test('an illegal verb is told in the words of Ironic', async (t) => {
  const api = await withNode(t);
  const body = { target: 'provide' };
  const reply = await api.send('PUT /v1/nodes/one/states/provision', { body });
  t.is(
    reply.error.faultstring,
    `The requested action "provide" can not be performed on node "${A}" while it is in state "enroll".`,
  );
  t.is(reply.error.ironpxe_code, 'INVALID_STATE');
});

test('power', async (t) => {
  const api = await withNode(t);
  const put = (target: unknown) => api.send('PUT /v1/nodes/one/states/power', { body: { target } });
  const reply = await put('power on');
  t.is(reply.status, 202);
  t.is(reply.headers.location, 'http://h/v1/nodes/one/states');
  t.is((await api.send('GET /v1/nodes/one/states')).json.power_state, 'power on');
  for (const bad of ['on', 'reboot', '', null]) t.is((await put(bad)).status, 400, String(bad));
  for (const event of ['manage', 'done', 'clean'] as const)
    await transition(api.database, A, event);
  t.is((await put('power off')).status, 400, 'not while cleaning');
});

test('boot device', async (t) => {
  const api = await withNode(t);
  const path = '/v1/nodes/one/management/boot_device';
  t.deepEqual((await api.send(`GET ${path}`)).json, { boot_device: null, persistent: null });
  const put = (body: unknown) => api.send(`PUT ${path}`, { body });
  t.is((await put({ boot_device: 'pxe', persistent: 'True' })).status, 204);
  t.deepEqual((await api.send(`GET ${path}`)).json, { boot_device: 'pxe', persistent: true });
  t.is((await put({ boot_device: 'disk' })).status, 204);
  t.deepEqual((await api.send(`GET ${path}`)).json, { boot_device: 'disk', persistent: false });
  for (const bad of [{ boot_device: 'cdrom' }, { boot_device: 'x' }, {}, { persistent: true }])
    t.is((await put(bad)).status, 400, JSON.stringify(bad));
  t.deepEqual((await api.send(`GET ${path}/supported`)).json, {
    supported_boot_devices: ['pxe', 'disk'],
  });
});

test('validate tells each interface, by both paths', async (t) => {
  const api = await withNode(t);
  const { json } = await api.send('GET /v1/nodes/one/validate');
  t.like(json, {
    power: { result: true },
    storage: { result: true },
    network: { result: true },
    deploy: { result: false, reason: 'image_source is missing' },
    raid: { result: false },
  });
  for (const query of [`node_uuid=${A}`, 'node=one'])
    t.deepEqual((await api.send(`GET /v1/nodes/validate?${query}`)).json, json);
  t.is((await api.send('GET /v1/nodes/validate')).status, 400);
});

test('the console is refused as Ironic refuses what a driver lacks', async (t) => {
  const api = await withNode(t);
  const reply = await api.send('GET /v1/nodes/one/states/console');
  t.is(reply.status, 400);
  t.regex(String(reply.error.faultstring), /Driver pxe_ssh does not support console/);
});
