import test from 'ava';
import type { ProvisionOptions } from '../../conductor/deploy/conductor.ts';
import { hasCode } from '../../conductor/errors/error.ts';
import type { ProvisionState, Verb } from '../../conductor/states/index.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { latestOperation } from '../../conductor/store/latest.ts';
import { transition } from '../../conductor/store/nodes.ts';
import { listSteps } from '../../conductor/store/operations.ts';
import type { JsonObject } from '../../conductor/store/types.ts';
import { type FakeBench, openFakeBench, UUID } from './support/fakeBench.ts';

const HOLD = { interface: 'power', step: 'hold' };
const RESET = { interface: 'bios', step: 'factory_reset' };
const LOG = { interface: 'vendor', step: 'log_passthrough' };
const inDeploy = { priority: 150, args: {} };

type Held = {
  readonly verb: Verb;
  readonly from: ProvisionState;
  readonly held: ProvisionState;
  readonly to: ProvisionState;
  readonly failed: ProvisionState;
  readonly options: ProvisionOptions;
  /** The field of the node in which the step is shown. */
  readonly field: 'cleanStep' | 'deployStep' | 'serviceStep';
};

const HOLDS: readonly Held[] = [
  {
    verb: 'clean',
    from: 'manageable',
    held: 'clean hold',
    to: 'manageable',
    failed: 'clean failed',
    options: { cleanSteps: [HOLD, RESET] },
    field: 'cleanStep',
  },
  {
    verb: 'deploy',
    from: 'available',
    held: 'deploy hold',
    to: 'active',
    failed: 'deploy failed',
    options: { deploySteps: [{ ...HOLD, ...inDeploy }] },
    field: 'deployStep',
  },
  {
    verb: 'service',
    from: 'active',
    held: 'service hold',
    to: 'active',
    failed: 'service failed',
    options: { serviceSteps: [HOLD, LOG] },
    field: 'serviceStep',
  },
];

for (const { verb, from, held, to, failed, options, field } of HOLDS) {
  test(`a held ${verb} waits, also for restarted conductors, and unhold goes on`, async (t) => {
    await using bench = await openFakeBench(from);
    await bench.provision(verb, options);
    t.like((await bench.until(held))[field], HOLD);
    await bench.restart();
    await bench.restart();
    const node = await bench.until(held);
    t.is(node.reservation, null, 'others may lock it meanwhile');
    await bench.provision('unhold');
    const done = await bench.until(to);
    t.like(done, { [field]: {}, lastError: null, maintenance: false, targetProvisionState: null });
    t.is(await statesEntered(bench, held), 1);
  });

  test(`abort ends a held ${verb}`, async (t) => {
    await using bench = await openFakeBench(from);
    await bench.provision(verb, options);
    await bench.until(held);
    await bench.provision('abort');
    const node = await bench.node();
    t.is(node.provisionState, failed);
    t.regex(node.lastError ?? '', /^OPERATION_ABORTED: By request/);
    t.like(node, { [field]: {}, maintenance: false, fault: null });
    t.is((await latestOperation(bench.database, UUID))?.status, 'cancelled');
    const error = await t.throwsAsync(bench.provision('unhold'));
    t.true(hasCode(error, 'INVALID_STATE'));
  });

  test(`a ${verb} that was killed between unhold and its next step does not hold again`, async (t) => {
    await using bench = await openFakeBench(from);
    await bench.provision(verb, options);
    await bench.until(held);
    await bench.conductor.stop();
    await transition(bench.database, UUID, 'unhold');
    await bench.restart();
    t.is((await bench.until(to)).lastError, null);
    t.is(await statesEntered(bench, held), 1);
  });
}

async function statesEntered(bench: FakeBench, state: ProvisionState): Promise<number> {
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  return events.filter(({ kind, data }) => kind === 'state.changed' && data['to'] === state).length;
}

test('every hold of a list holds, and the steps between run once', async (t) => {
  await using bench = await openFakeBench('manageable');
  await bench.provision('clean', { cleanSteps: [HOLD, RESET, { ...HOLD, interface: 'deploy' }] });
  t.is((await bench.until('clean hold')).driverInternalInfo['clean_step_index'], 0);
  await bench.provision('unhold');
  await bench.untilStep('bios.factory_reset');
  const second = await bench.until('clean hold');
  t.is(second.driverInternalInfo['clean_step_index'], 2);
  t.like(second.cleanStep, { interface: 'deploy', step: 'hold' });
  await bench.provision('unhold');
  await bench.until('manageable');
  t.is(await statesEntered(bench, 'clean hold'), 2);
  const operation = await latestOperation(bench.database, UUID);
  const steps = await listSteps(bench.database, operation?.uuid ?? '');
  t.deepEqual(
    steps.map(({ name, attempts }) => [name, attempts]),
    [
      ['power.hold', 1],
      ['bios.factory_reset', 1],
      ['power.hold', 1],
    ],
  );
});

test('a deploy template can hold', async (t) => {
  await using bench = await openFakeBench('available');
  const now = new Date().toISOString();
  const steps = JSON.stringify([{ ...HOLD, ...inDeploy, priority: 10 }]);
  await bench.database
    .insertInto('deployTemplates')
    .values({ uuid: UUID, name: 'CUSTOM_HOLD', steps, extra: '{}', createdAt: now, updatedAt: now })
    .execute();
  await bench.patch({ instanceInfo: { traits: ['CUSTOM_HOLD'] } });
  await bench.provision('deploy');
  await bench.until('deploy hold');
  await bench.untilStep('simulate_deploy');
  await bench.provision('unhold');
  t.is((await bench.until('active')).lastError, null);
});

test('a delete does not end a held deploy, a service of other steps ends a held service', async (t) => {
  await using deploy = await openFakeBench('available');
  await deploy.provision('deploy', { deploySteps: [{ ...HOLD, ...inDeploy }] });
  await deploy.until('deploy hold');
  t.true(hasCode(await t.throwsAsync(deploy.provision('delete')), 'INVALID_STATE'));
  await using service = await openFakeBench('active');
  await service.provision('service', { serviceSteps: [HOLD] });
  await service.until('service hold');
  await service.provision('service', { serviceSteps: [LOG] });
  t.is((await service.until('active')).lastError, null);
});

test('what cannot be planned leaves a held service as it is', async (t) => {
  await using bench = await openFakeBench('active');
  await bench.provision('service', { serviceSteps: [HOLD, LOG] });
  await bench.until('service hold');
  t.true(hasCode(await t.throwsAsync(bench.provision('service')), 'VERB_UNSUPPORTED'));
  await bench.provision('unhold');
  await bench.until('active');
});

test('power steps switch the machine in their order', async (t) => {
  await using bench = await openFakeBench('active');
  const steps = (...names: string[]) => names.map((step) => ({ interface: 'power', step }));
  await bench.provision('service', { serviceSteps: steps('power_on', 'reboot', 'power_off') });
  t.is((await bench.until('active')).powerState, 'power off');
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  const switched = events.filter(({ kind }) => kind === 'power.changed');
  t.deepEqual(
    switched.map(({ message }) => message),
    ['power on', 'rebooting', 'power off'],
  );
});

test('a wait takes its seconds, in the wait state, and no longer after a restart', async (t) => {
  await using bench = await openFakeBench('active');
  const wait = { interface: 'power', step: 'wait', args: { seconds: 2 } };
  const beganAtMs = performance.now();
  await bench.provision('service', { serviceSteps: [wait] });
  await bench.until('service wait');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  t.is((await bench.node()).provisionState, 'service wait');
  await bench.restart();
  await bench.until('active');
  const tookMs = performance.now() - beganAtMs;
  t.true(tookMs >= 1990, `${tookMs} ms`);
  const operation = await latestOperation(bench.database, UUID);
  const kept = operation?.data['wait'] as { untilMs: number } | undefined;
  const begunAtMs = Date.parse(operation?.startedAt ?? '');
  t.true((kept?.untilMs ?? Infinity) - begunAtMs < 3000, 'one deadline for both');
});

test('a wait of an hour is aborted at once', async (t) => {
  await using bench = await openFakeBench('manageable');
  const wait = { interface: 'deploy', step: 'wait', args: { seconds: '3600' } };
  await bench.provision('clean', { cleanSteps: [wait] });
  await bench.untilStep('power.wait');
  await bench.until('clean wait');
  await bench.provision('abort');
  t.is((await bench.node()).provisionState, 'clean failed');
});

const WRONG: readonly (readonly [step: string, args: JsonObject, message: RegExp])[] = [
  ['wait', {}, /power\.wait needs the argument seconds/],
  ['wait', { seconds: -1 }, /found seconds -1, expected a whole number/],
  ['wait', { seconds: 'soon' }, /found seconds "soon"/],
  ['wait', { seconds: 1.5 }, /found seconds 1\.5/],
  ['hold', { seconds: 1 }, /power\.hold has no argument seconds/],
  ['reboot', { how: 'hard' }, /power\.reboot has no argument how/],
];

for (const [step, args, message] of WRONG)
  test(`${step} with ${JSON.stringify(args)} is refused before anything is done`, async (t) => {
    await using bench = await openFakeBench('manageable');
    await bench.provision('clean', { cleanSteps: [RESET, { interface: 'power', step, args }] });
    const node = await bench.until('clean failed');
    t.regex(node.lastError ?? '', message);
    t.like(node, { maintenance: false, fault: null });
    await using deploy = await openFakeBench('available');
    const deploySteps = [{ interface: 'power', step, args, priority: 150 }];
    const error = await t.throwsAsync(deploy.provision('deploy', { deploySteps }));
    t.true(hasCode(error, 'STEP_INVALID'), String(error));
    t.is((await deploy.node()).provisionState, 'available');
  });
