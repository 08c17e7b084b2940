import test from 'ava';
import { MAX_MINOR, MIN_MINOR, SINCE } from '../../conductor/api/gates.ts';
import { resources } from '../../conductor/api/resources.ts';
import { endpoints } from '../../conductor/api/resource.ts';
import { type Harness, openHarness } from './harness.ts';

const A = '11111111-1111-4111-8111-111111111111';
const P = '22222222-2222-4222-8222-222222222222';
const G = '33333333-3333-4333-8333-333333333333';
type Test = { teardown(fn: () => Promise<void>): void };

async function withAll(t: Test): Promise<Harness> {
  const api = await openHarness();
  t.teardown(api.close);
  const make = (path: string, body: object) => api.send(`POST /v1/${path}`, { body });
  await make('nodes', { driver: 'pxe_ssh', uuid: A });
  await make('ports', { node_uuid: A, address: '52:54:00:00:00:01', uuid: P });
  await make('portgroups', { node_uuid: A, uuid: G });
  return api;
}

const SHOWN = [
  ['nodeFields', `/v1/nodes/${A}`, MIN_MINOR],
  ['portFields', `/v1/ports/${P}`, MIN_MINOR],
  ['portgroupFields', `/v1/portgroups/${G}`, 23],
  ['driverFields', '/v1/drivers/pxe_ssh', MIN_MINOR],
] as const;

for (const [group, path, from] of SHOWN)
  test(`each of ${group} is hidden before its version, and there from it on`, async (t) => {
    const api = await withAll(t);
    for (const [name, minor] of Object.entries(SINCE[group])) {
      if (minor > from)
        t.false(name in (await api.send(`GET ${path}`, { minor: minor - 1 })).json, name);
      t.true(name in (await api.send(`GET ${path}`, { minor })).json, name);
    }
  });

for (const [group, path] of SHOWN.slice(0, 2))
  test(`fields= with each of ${group} before its version is not acceptable`, async (t) => {
    const api = await withAll(t);
    for (const [name, minor] of Object.entries(SINCE[group])) {
      if (minor <= 8) continue;
      const url = `${path}?fields=${name}`;
      t.is((await api.send(`GET ${url}`, { minor: minor - 1 })).status, 406, name);
      t.is((await api.send(`GET ${url}`, { minor })).status, 200, name);
    }
  });

/** A value for each filter. */
const VALUES: Readonly<Record<string, string>> = {
  provision_state: 'enroll',
  portgroup: G,
  fault: 'power%20failure',
  retired: 'true',
  sharded: 'true',
  include_children: 'true',
};
for (const [group, path] of [
  ['nodeFilters', '/v1/nodes'],
  ['portFilters', '/v1/ports'],
] as const)
  test(`each of ${group} before its version is not acceptable`, async (t) => {
    const api = await withAll(t);
    for (const [name, minor] of Object.entries(SINCE[group])) {
      const url = `${path}?${name}=${VALUES[name] ?? 'x'}`;
      t.is((await api.send(`GET ${url}`, { minor: minor - 1 })).status, 406, name);
      t.is((await api.send(`GET ${url}`, { minor })).status, 200, name);
    }
  });

test('each verb and power target before its version is not acceptable', async (t) => {
  const api = await withAll(t);
  const put = async (path: string, target: string, minor: number) =>
    (await api.send(`PUT /v1/nodes/${A}/states/${path}`, { body: { target }, minor })).status;
  for (const [target, minor] of Object.entries(SINCE.verbs)) {
    t.is(await put('provision', target, Math.min(minor - 1, MAX_MINOR)), 406, target);
    if (minor <= MAX_MINOR && target !== 'manage')
      t.is(await put('provision', target, minor), 400, `${target} is not legal in enroll`);
  }
  for (const [target, minor] of Object.entries(SINCE.powerTargets)) {
    t.is(await put('power', target, minor - 1), 406, target);
    t.is(await put('power', target, minor), 400, `${target}: no driver has it`);
  }
});

const ABOUT = { version: '', configDigest: '', startedAt: new Date() };
test('each endpoint before its version is not there', async (t) => {
  const api = await withAll(t);
  for (const { path, method, endpoint } of endpoints(resources(ABOUT))) {
    const { since } = endpoint;
    if (since === undefined) continue;
    const url = path.replace(':ident', path.includes('/nodes/') ? A : 'x').replace(/:\w+/, 'x');
    const reply = await api.send(`${method} ${url}`, { minor: since - 1 });
    t.is(reply.status, endpoint.tooOld ?? 404, `${method} ${url}`);
    t.regex(String(reply.error.faultstring), new RegExp(`needs API version 1\\.${since}`));
    const now = await api.send(`${method} ${url}`, { minor: since });
    t.notRegex(String(now.error.faultstring), /needs API version/, `${method} ${url}`);
  }
});

test('detail= of lists needs 1.43, and shows every field', async (t) => {
  const api = await withAll(t);
  for (const path of ['nodes', 'ports', 'portgroups', 'chassis']) {
    const url = `GET /v1/${path}?detail=True`;
    t.is((await api.send(url, { minor: 42 })).status, 406, path);
    t.is((await api.send(url, { minor: 43 })).status, 200, path);
    t.is((await api.send(`${url}&fields=uuid`, { minor: 43 })).status, 400, path);
  }
  const { json } = await api.send('GET /v1/nodes?detail=1');
  t.true('driver_info' in ((json.nodes as object[])[0] ?? {}));
});

test('what later versions changed in the meaning of a request', async (t) => {
  const api = await withAll(t);
  const node = `/v1/nodes/${A}`;
  const loses = [{ op: 'remove', path: '/chassis_uuid' }];
  t.is((await api.send(`PATCH ${node}`, { body: loses, minor: 24 })).status, 406);
  t.is((await api.send(`PATCH ${node}`, { body: loses, minor: 25 })).status, 200);
  const timeout = { target: 'power on', timeout: 30 };
  const power = `PUT ${node}/states/power`;
  t.is((await api.send(power, { body: timeout, minor: 26 })).status, 406);
  t.is((await api.send(power, { body: timeout, minor: 27 })).status, 202);
  t.is((await api.send(power, { body: { ...timeout, timeout: 0 } })).status, 400);
  const driver = [{ op: 'replace', path: '/driver', value: 'fake-hardware' }];
  const reset = `PATCH ${node}?reset_interfaces=True`;
  t.is((await api.send(reset, { body: driver, minor: 44 })).status, 406);
  t.is((await api.send(reset, { body: loses, minor: 45 })).status, 400);
  t.is((await api.send(reset, { body: driver, minor: 45 })).status, 200);
});
