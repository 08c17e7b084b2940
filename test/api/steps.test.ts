import test, { type ExecutionContext } from 'ava';
import type { ProvisionState } from '../../conductor/states/index.ts';
import type { JsonObject } from '../../conductor/store/types.ts';
import { type FakeBench, openFakeBench, UUID } from '../deploy/support/fakeBench.ts';
import { apiOver } from './harness.ts';

const HOLD = { interface: 'power', step: 'hold' };
const LOG = { interface: 'vendor', step: 'log_passthrough' };
const SERVICE = { target: 'service', service_steps: [HOLD, LOG] };

type Api = {
  readonly bench: FakeBench;
  readonly get: (path: string, minor: number) => Promise<{ status: number; json: JsonObject }>;
  /** The status that PUT states/provision answers with, and its reason. */
  readonly put: (body: object, minor: number) => Promise<{ status: number; reason: string }>;
  readonly beat: (body: object) => Promise<number>;
};

/** The API over the real conductor with a node of fake-hardware. */
async function openApi(t: ExecutionContext, from: ProvisionState): Promise<Api> {
  const bench = await openFakeBench(from);
  const app = apiOver(bench);
  t.teardown(async () => {
    await app.close();
    await bench[Symbol.asyncDispose]();
  });
  const headers = (minor: number) => ({ 'x-openstack-ironic-api-version': `1.${minor}` });
  return {
    bench,
    async get(path, minor) {
      const reply = await app.inject({ method: 'GET', url: path, headers: headers(minor) });
      return { status: reply.statusCode, json: reply.json<JsonObject>() };
    },
    async put(body, minor) {
      const url = `/v1/nodes/${UUID}/states/provision`;
      const reply = await app.inject({ method: 'PUT', url, body, headers: headers(minor) });
      return { status: reply.statusCode, reason: reply.body };
    },
    async beat(body) {
      const url = `/v1/heartbeat/${UUID}`;
      return (await app.inject({ method: 'POST', url, body, headers: headers(87) })).statusCode;
    },
  };
}

test('unhold is there from 1.85 on, and goes on with a held clean', async (t) => {
  const { bench, put, get } = await openApi(t, 'manageable');
  const steps = [HOLD, { interface: 'bios', step: 'factory_reset' }];
  t.is((await put({ target: 'clean', clean_steps: steps }, 82)).status, 202);
  await bench.until('clean hold');
  t.like((await get(`/v1/nodes/${UUID}/states`, 82)).json, {
    provision_state: 'clean hold',
    target_provision_state: 'manageable',
  });
  t.is((await put({ target: 'unhold' }, 84)).status, 406);
  t.is((await put({ target: 'unhold' }, 85)).status, 202);
  await bench.until('manageable');
  const late = await put({ target: 'unhold' }, 85);
  t.is(late.status, 400);
  t.regex(late.reason, /can not be performed .* in state .*manageable/);
});

test('service and service_step are there from 1.87 on', async (t) => {
  const { bench, put, get } = await openApi(t, 'active');
  t.is((await put(SERVICE, 86)).status, 406);
  t.is((await put(SERVICE, 87)).status, 202);
  await bench.until('service hold');
  const node = (await get(`/v1/nodes/${UUID}`, 87)).json;
  t.deepEqual(node['service_step'], { ...HOLD, priority: 0, abortable: true });
  t.like(node['driver_internal_info'], { service_step_index: 0 });
  t.false('service_step' in (await get(`/v1/nodes/${UUID}`, 86)).json);
  t.is((await get(`/v1/nodes?fields=service_step`, 86)).status, 406);
  const { nodes } = (await get(`/v1/nodes?provision_state=service%20hold`, 87)).json;
  t.is((nodes as unknown[]).length, 1);
  t.is((await put({ target: 'unhold' }, 87)).status, 202);
  await bench.until('active');
  t.deepEqual((await get(`/v1/nodes/${UUID}`, 87)).json['service_step'], {});
});

const REFUSED: readonly (readonly [body: object, status: number, reason: RegExp])[] = [
  [{ target: 'service' }, 400, /service_steps.* is required/],
  [{ target: 'service', service_steps: [] }, 400, /service_steps.* is required/],
  [{ target: 'service', service_steps: 'hold' }, 400, /service_steps/],
  [{ target: 'service', service_steps: [{ step: 'hold' }] }, 400, /service_steps\/0\/interface/],
  [{ target: 'service', service_steps: [{ interface: 'power' }] }, 400, /service_steps\/0\/step/],
  [
    { target: 'service', service_steps: [{ interface: 'moon', step: 'hold' }] },
    400,
    /service_steps\/0\/interface/,
  ],
  [{ target: 'service', service_steps: [{ ...HOLD, args: 5 }] }, 400, /service_steps\/0\/args/],
  [{ target: 'service', service_steps: [{ ...HOLD, priority: 5 }] }, 400, /priority/],
  [{ ...SERVICE, disable_ramdisk: true }, 406, /disable_ramdisk .*1\.108/],
  [{ ...SERVICE, target: 'rebuild' }, 400, /service_steps goes with the target service only/],
  [{ ...SERVICE, clean_steps: [HOLD] }, 400, /clean_steps goes with the target clean only/],
];

for (const [body, status, reason] of REFUSED)
  test(`refused: ${JSON.stringify(body)}`, async (t) => {
    const { bench, put } = await openApi(t, 'active');
    const reply = await put(body, 87);
    t.is(reply.status, status, reply.reason);
    t.regex(reply.reason, reason);
    t.is((await bench.node()).provisionState, 'active');
  });

test('a node in maintenance, or in another state, is not serviced', async (t) => {
  const { bench, put } = await openApi(t, 'active');
  await bench.patch({ maintenance: true });
  const reply = await put(SERVICE, 87);
  t.is(reply.status, 400);
  t.regex(reply.reason, /maintenance/);
  const free = await openApi(t, 'available');
  t.is((await free.put(SERVICE, 87)).status, 400);
});

test('an agent may look its node up while a service waits for it, and report while it is held', async (t) => {
  const { bench, put, get } = await openApi(t, 'active');
  const forever = { interface: 'vendor', step: 'trigger_servicewait' };
  t.is((await put({ target: 'service', service_steps: [forever] }, 87)).status, 202);
  await bench.until('service wait');
  t.is((await get(`/v1/lookup?node_uuid=${UUID}`, 87)).status, 200);
  const { driverInternalInfo } = await bench.node();
  t.is((await put({ target: 'abort' }, 87)).status, 202);
  t.is((await get(`/v1/lookup?node_uuid=${UUID}`, 87)).status, 404);
  t.is(typeof driverInternalInfo['agent_secret_token'], 'string');
});

test('what an agent reports is kept while its work is held', async (t) => {
  const { bench, put, beat } = await openApi(t, 'manageable');
  await put({ target: 'clean', clean_steps: [HOLD] }, 87);
  await bench.until('clean hold');
  const token = await bench.conductor.agentToken(await bench.node());
  const report = { callback_url: 'https://192.0.2.9:9999', agent_version: '9.14' };
  t.is(await beat({ ...report, agent_token: token }), 202);
  const node = await bench.node();
  t.is(node.provisionState, 'clean hold');
  t.like(node.driverInternalInfo, { agent_url: 'https://192.0.2.9:9999' });
});
