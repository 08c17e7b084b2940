import test from 'ava';
import type { ProvisionOptions } from '../../conductor/deploy/conductor.ts';
import { hasCode } from '../../conductor/errors/error.ts';
import type { ErrorCode } from '../../conductor/errors/table.ts';
import type { ProvisionState, Verb } from '../../conductor/states/index.ts';
import { newestEventId } from '../../conductor/store/latest.ts';
import { listSteps } from '../../conductor/store/operations.ts';
import { latestOperation } from '../../conductor/store/latest.ts';
import { openFakeBench, UUID } from './support/fakeBench.ts';

type Walk = {
  readonly from: ProvisionState;
  readonly verb: Verb;
  readonly options?: ProvisionOptions;
  /** The part of fake-hardware in which the verb stands still, and its state there. */
  readonly part: string;
  readonly at: ProvisionState;
  readonly to: ProvisionState;
};

const RESET = { interface: 'bios', step: 'factory_reset' };
const UPDATE = { interface: 'firmware', step: 'update', args: { settings: [] } };

const LOG = { interface: 'vendor', step: 'log_passthrough' };

const WALKS: readonly Walk[] = [
  { from: 'enroll', verb: 'manage', part: 'power', at: 'verifying', to: 'manageable' },
  { from: 'manageable', verb: 'provide', part: 'power', at: 'cleaning', to: 'available' },
  { from: 'manageable', verb: 'inspect', part: 'inspect', at: 'inspect wait', to: 'manageable' },
  { from: 'manageable', verb: 'adopt', part: 'boot', at: 'adopting', to: 'active' },
  {
    from: 'manageable',
    verb: 'clean',
    options: { cleanSteps: [RESET] },
    part: 'bios',
    at: 'clean wait',
    to: 'manageable',
  },
  {
    from: 'manageable',
    verb: 'clean',
    options: { cleanSteps: [UPDATE] },
    part: 'firmware',
    at: 'clean wait',
    to: 'manageable',
  },
  { from: 'available', verb: 'deploy', part: 'deploy', at: 'wait call-back', to: 'active' },
  { from: 'active', verb: 'rebuild', part: 'deploy', at: 'wait call-back', to: 'active' },
  { from: 'active', verb: 'delete', part: 'deploy', at: 'deleting', to: 'available' },
  { from: 'active', verb: 'rescue', part: 'rescue', at: 'rescue wait', to: 'rescue' },
  {
    from: 'active',
    verb: 'service',
    options: { serviceSteps: [LOG] },
    part: 'vendor',
    at: 'service wait',
    to: 'active',
  },
  { from: 'rescue', verb: 'unrescue', part: 'rescue', at: 'unrescuing', to: 'active' },
  {
    from: 'inspect failed',
    verb: 'inspect',
    part: 'inspect',
    at: 'inspect wait',
    to: 'manageable',
  },
  { from: 'adopt failed', verb: 'adopt', part: 'boot', at: 'adopting', to: 'active' },
  { from: 'rescue failed', verb: 'rescue', part: 'rescue', at: 'rescue wait', to: 'rescue' },
  { from: 'unrescue failed', verb: 'unrescue', part: 'rescue', at: 'unrescuing', to: 'active' },
  { from: 'deploy failed', verb: 'delete', part: 'deploy', at: 'deleting', to: 'available' },
  { from: 'error', verb: 'delete', part: 'deploy', at: 'deleting', to: 'available' },
];

for (const { from, verb, options, part, at, to } of WALKS) {
  test(`${verb} from ${from} with ${part} ends in ${to}`, async (t) => {
    await using bench = await openFakeBench(from);
    await bench.provision(verb, options);
    const node = await bench.until(to);
    t.like(node, { targetProvisionState: null, lastError: null, maintenance: false, fault: null });
    t.deepEqual(node.cleanStep, {});
    t.deepEqual(node.deployStep, {});
    t.deepEqual(node.serviceStep, {});
    t.false('clean_step_index' in node.driverInternalInfo);
  });

  test(`${verb} from ${from} with ${part} goes on in every step when its conductor is killed there`, async (t) => {
    await using bench = await openFakeBench(from);
    await bench.slow(part);
    await bench.provision(verb, options);
    await bench.until(at);
    await bench.restart();
    t.is((await bench.until(at)).provisionState, at);
    // Once more, and then the part is quick: a step runs again from its start.
    await bench.slow();
    await bench.restart();
    const node = await bench.until(to);
    t.is(node.lastError, null);
    const operation = await latestOperation(bench.database, UUID);
    t.is(operation?.status, 'done');
    const steps = await listSteps(bench.database, operation?.uuid ?? '');
    t.true(steps.every(({ status }) => status === 'done'));
    t.is(Math.max(...steps.map(({ attempts }) => attempts)), 3);
  });
}

const WAITS: readonly (readonly [ProvisionState, Verb, string, ProvisionState])[] = [
  ['manageable', 'inspect', 'inspect', 'inspect failed'],
  ['manageable', 'clean', 'bios', 'clean failed'],
  ['available', 'deploy', 'deploy', 'deploy failed'],
  ['active', 'rescue', 'rescue', 'rescue failed'],
];

for (const [from, verb, part, failed] of WAITS) {
  test(`abort ends a ${verb} that waits`, async (t) => {
    await using bench = await openFakeBench(from);
    await bench.slow(part);
    const beforeId = await newestEventId(bench.database, UUID);
    await bench.provision(verb, { cleanSteps: [RESET] });
    const step = verb === 'clean' ? 'bios.factory_reset' : `simulate_${verb}`;
    await bench.untilStep(step, beforeId);
    await bench.until('inspect wait', 'clean wait', 'wait call-back', 'rescue wait');
    await bench.provision('abort');
    const node = await bench.node();
    t.is(node.provisionState, failed);
    t.regex(node.lastError ?? '', /^OPERATION_ABORTED: By request, the .* was aborted/);
    // Nobody knows of a fault: an abort is what somebody wanted.
    t.like(node, { maintenance: false, fault: null, cleanStep: {}, reservation: null });
    t.is((await latestOperation(bench.database, UUID))?.status, 'cancelled');
    await bench.restart();
    t.is((await bench.node()).provisionState, failed);
  });
}

test('a clean shows its steps while they run', async (t) => {
  await using bench = await openFakeBench('manageable');
  await bench.slow('bios');
  const settings = [{ name: 'hyper', value: 'off' }];
  const apply = { interface: 'bios', step: 'apply_configuration', args: { settings } };
  await bench.provision('clean', { cleanSteps: [apply, RESET] });
  const node = await bench.until('clean wait');
  const shown = { ...apply, priority: 0, abortable: true };
  t.deepEqual(node.cleanStep, shown);
  t.is(node.driverInternalInfo['clean_step_index'], 0);
  t.like(node.driverInternalInfo, {
    clean_steps: [shown, { ...RESET, priority: 0, abortable: true }],
    cleaning_disable_ramdisk: false,
  });
  await bench.slow();
  await bench.restart();
  const done = await bench.until('manageable');
  t.deepEqual(done.driverInternalInfo, { fake_bios_settings: {} });
});

test('a step that the node does not have is a failed cleaning without a fault', async (t) => {
  await using bench = await openFakeBench('manageable');
  const wrong = { interface: 'deploy', step: 'erase_devices_metadata' };
  await bench.provision('clean', { cleanSteps: [wrong] });
  const node = await bench.until('clean failed');
  t.regex(node.lastError ?? '', /^STEP_UNKNOWN: .*deploy\.erase_devices_metadata.*factory_reset/);
  t.like(node, { maintenance: false, fault: null, targetProvisionState: 'manageable' });
  t.deepEqual(node.driverInternalInfo['clean_steps'], [wrong]);
  await bench.provision('manage');
  t.is((await bench.node()).provisionState, 'manageable');
});

test('a step that breaks off leaves the node in maintenance with a fault', async (t) => {
  await using bench = await openFakeBench('manageable');
  const args = { settings: [{ value: 'no name' }] };
  const broken = { interface: 'bios', step: 'apply_configuration', args };
  await bench.provision('clean', { cleanSteps: [broken] });
  const node = await bench.until('clean failed');
  t.regex(node.lastError ?? '', /^STEP_INVALID/);
  t.like(node, { maintenance: true, fault: 'clean failure', maintenanceReason: node.lastError });
  t.deepEqual(node.cleanStep, {});
});

test('a retired node ends in manageable, and is not provided', async (t) => {
  await using bench = await openFakeBench('active');
  await bench.patch({ retired: true });
  await bench.provision('delete');
  await bench.until('manageable');
  const error = await t.throwsAsync(bench.provision('provide'));
  t.true(hasCode(error, 'NODE_RETIRED'));
});

const REFUSALS: readonly (readonly [ProvisionState, Verb, ErrorCode, string?])[] = [
  ['active', 'provide', 'INVALID_STATE'],
  ['available', 'rebuild', 'INVALID_STATE'],
  ['available', 'abort', 'INVALID_STATE'],
  ['enroll', 'deploy', 'INVALID_STATE'],
  ['active', 'service', 'VERB_UNSUPPORTED'],
  ['active', 'unhold', 'INVALID_STATE'],
  ['clean wait', 'unhold', 'INVALID_STATE'],
  ['available', 'deploy', 'NODE_IN_MAINTENANCE'],
  ['manageable', 'clean', 'NODE_IN_MAINTENANCE'],
  ['manageable', 'provide', 'NODE_IN_MAINTENANCE', 'deploy: {allow_in_maintenance: false}'],
  ['active', 'rescue', 'NODE_IN_MAINTENANCE'],
  ['rescue', 'unrescue', 'NODE_IN_MAINTENANCE'],
];

for (const [from, verb, code, config] of REFUSALS)
  test(`${verb} from ${from}${config ? ` with ${config}` : ''}: ${code}`, async (t) => {
    await using bench = await openFakeBench(from, config);
    await bench.patch({ maintenance: code === 'NODE_IN_MAINTENANCE' });
    const before = await bench.node();
    const error = await t.throwsAsync(bench.provision(verb));
    t.true(hasCode(error, code), String(error));
    t.deepEqual(await bench.node(), before);
  });

test('an interface that is switched off takes its verbs away', async (t) => {
  await using bench = await openFakeBench('manageable');
  await bench.patch({ interfaces: { inspect: 'no-inspect' } });
  const error = await t.throwsAsync(bench.provision('inspect'));
  t.true(hasCode(error, 'VERB_UNSUPPORTED'));
});

test('a busy node refuses with a lock, an idle one with its state', async (t) => {
  await using bench = await openFakeBench('enroll');
  await bench.slow('power');
  await bench.provision('manage');
  await bench.until('verifying');
  const error = await t.throwsAsync(bench.provision('provide'));
  t.true(hasCode(error, 'NODE_LOCKED'));
});

test('a delete ends a deploy that waits', async (t) => {
  await using bench = await openFakeBench('available');
  await bench.slow('deploy');
  await bench.provision('deploy');
  await bench.until('wait call-back');
  await bench.slow();
  await bench.provision('delete');
  t.is((await bench.until('available')).lastError, null);
});

test('a node that nothing moves is failed when a conductor starts', async (t) => {
  for (const [from, to] of [
    ['clean wait', 'clean failed'],
    ['deploying', 'deploy failed'],
    ['deleting', 'error'],
    ['verifying', 'enroll'],
    ['clean hold', 'clean failed'],
  ] as const) {
    await using bench = await openFakeBench(from);
    await bench.restart();
    const node = await bench.node();
    t.is(node.provisionState, to);
    t.regex(node.lastError ?? '', /^CONDUCTOR_STOPPED/);
  }
});

test('the power state of a new node is known once it is manageable', async (t) => {
  await using bench = await openFakeBench('enroll');
  await bench.provision('manage');
  t.is((await bench.until('manageable')).powerState, 'power off');
});

test('an inspection tells when it was', async (t) => {
  await using bench = await openFakeBench('manageable');
  await bench.slow('inspect');
  await bench.provision('inspect');
  const under = await bench.until('inspect wait');
  t.truthy(under.inspectionStartedAt);
  await bench.slow();
  await bench.restart();
  const node = await bench.until('manageable');
  t.is(node.inspectionStartedAt, null);
  t.truthy(node.inspectionFinishedAt);
});
