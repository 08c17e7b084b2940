import test from 'ava';
import { pino } from 'pino';
import { createPowerSync, type PowerSync } from '../../conductor/deploy/powerSync/sync.ts';
import { parseConfig } from '../../conductor/config/load.ts';
import { createFakeDriver } from '../../conductor/drivers/fake/driver.ts';
import type { Driver } from '../../conductor/drivers/types.ts';
import { hasCode } from '../../conductor/errors/error.ts';
import { lockNode } from '../../conductor/store/locks.ts';
import { type FakeBench, openFakeBench } from './support/fakeBench.ts';

const LOG = { interface: 'vendor', step: 'log_passthrough' };
const FOREVER = { interface: 'vendor', step: 'trigger_servicewait' };
const HOLD = { interface: 'power', step: 'hold' };

test('a service shows its steps while they run, and leaves none', async (t) => {
  await using bench = await openFakeBench('active');
  await bench.slow('vendor');
  await bench.provision('service', { serviceSteps: [LOG, HOLD] });
  const node = await bench.until('service wait');
  const shown = { ...LOG, priority: 0, abortable: true };
  t.deepEqual(node.serviceStep, shown);
  t.is(node.targetProvisionState, 'active');
  t.like(node.driverInternalInfo, {
    service_steps: [shown, { ...HOLD, priority: 0, abortable: true }],
    service_step_index: 0,
  });
  await bench.slow();
  await bench.restart();
  t.is((await bench.until('service hold')).driverInternalInfo['service_step_index'], 1);
  await bench.provision('unhold');
  const done = await bench.until('active');
  t.like(done, { serviceStep: {}, lastError: null, maintenance: false });
  t.deepEqual(done.driverInternalInfo, {});
});

test('a step that the node does not have is a failed service without a fault', async (t) => {
  await using bench = await openFakeBench('active');
  const wrong = { interface: 'bios', step: 'factory_reset' };
  await bench.provision('service', { serviceSteps: [wrong] });
  const node = await bench.until('service failed');
  t.regex(node.lastError ?? '', /^STEP_UNKNOWN: .*bios\.factory_reset; there are: vendor\.log_/);
  t.like(node, { maintenance: false, fault: null, targetProvisionState: 'active' });
  t.deepEqual(node.driverInternalInfo['service_steps'], [wrong]);
  await bench.provision('service', { serviceSteps: [LOG] });
  t.is((await bench.until('active')).lastError, null);
});

test('a step that breaks off leaves a fault, and the way back leads past an operator', async (t) => {
  const config = 'clean: {callback_timeout_seconds: 1}\n';
  await using bench = await openFakeBench('active', config);
  await bench.provision('service', { serviceSteps: [FOREVER] });
  const node = await bench.until('service failed');
  t.regex(node.lastError ?? '', /^CALLBACK_TIMEOUT/);
  t.like(node, {
    maintenance: true,
    fault: 'service failure',
    maintenanceReason: node.lastError,
    serviceStep: {},
  });
  for (const verb of ['abort', 'service'] as const) {
    const error = await t.throwsAsync(bench.provision(verb, { serviceSteps: [LOG] }));
    t.true(hasCode(error, 'NODE_IN_MAINTENANCE'), verb);
  }
  await bench.patch({ maintenance: false, fault: null });
  await bench.provision('abort');
  const back = await bench.node();
  t.like(back, { provisionState: 'active', targetProvisionState: null });
  t.regex(
    back.lastError ?? '',
    /^OPERATION_ABORTED: By request, the service operation was aborted/,
  );
  t.deepEqual(back.driverInternalInfo, {});
});

test('abort ends a service that waits, in the step that ran', async (t) => {
  await using bench = await openFakeBench('active');
  await bench.provision('service', { serviceSteps: [FOREVER] });
  await bench.until('service wait');
  await bench.provision('abort');
  const node = await bench.node();
  t.is(node.provisionState, 'service failed');
  t.regex(node.lastError ?? '', /aborted in vendor\.trigger_servicewait\./);
  t.like(node, { maintenance: false, serviceStep: {} });
});

test('from a failed service a node is rescued or taken down', async (t) => {
  for (const [verb, to] of [
    ['rescue', 'rescue'],
    ['delete', 'available'],
  ] as const) {
    await using bench = await openFakeBench('service failed');
    await bench.provision(verb);
    t.is((await bench.until(to)).lastError, null);
  }
  await using waits = await openFakeBench('active');
  await waits.provision('service', { serviceSteps: [FOREVER] });
  await waits.until('service wait');
  await waits.provision('delete');
  await waits.until('available');
});

test('the power sync leaves a held node alone', async (t) => {
  await using bench = await openFakeBench('active');
  await bench.patch({ powerState: 'power on' });
  await bench.provision('service', { serviceSteps: [HOLD] });
  await bench.until('service hold');
  const looks: string[] = [];
  const sync = syncWith(bench, async () => {
    looks.push('power');
    return 'power on';
  });
  await sync.sweep();
  t.deepEqual(looks, []);
  await bench.provision('abort');
  await sync.sweep();
  t.deepEqual(looks, ['power'], 'nobody works on it any more');
});

/** A power sync of the bench's node, whose power state is what `powerState` says. */
function syncWith(bench: FakeBench, powerState: Driver['powerState']): PowerSync {
  const { database } = bench;
  const config = parseConfig(
    'boot_http: {url: "http://192.0.2.1:8088"}\ndhcp: {enabled: false}\n',
    'c',
  );
  const drivers = new Map([['fake-hardware', { ...createFakeDriver(), powerState }]]);
  const { signal } = new AbortController();
  return createPowerSync({
    services: { database, config, drivers },
    logger: pino({ level: 'silent' }),
    lockNow: (node) => lockNode(database, node.uuid, { owner: 'me', waitMs: 0, signal }),
    signal,
  });
}
