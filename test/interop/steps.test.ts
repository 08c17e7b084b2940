import { rm } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { AskedStep, ProvisionOptions } from '../../conductor/deploy/conductor.ts';
import type { Verb } from '../../conductor/states/index.ts';
import { getBootFacts } from '../../conductor/store/bootFacts.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { transition, updateNode } from '../../conductor/store/nodes.ts';
import { MIB } from '../../conductor/values/units.ts';
import { makeGarbageDisk } from '../deploy/support/garbageDisk.ts';
import {
  assertRootIsImage,
  type Bench,
  type BenchOptions,
  folder,
  makeBench,
  makeFiles,
  ONE_NAME,
  UUID,
} from './support/deployBench.ts';

const REAL: BenchOptions = { disk: { realRamdisk: true } };
const METADATA = { interface: 'deploy', step: 'erase_devices_metadata' };
const VERIFY = { interface: 'deploy', step: 'verify_disk' };
const flow = (step: string, args?: AskedStep['args']) => ({
  interface: 'power',
  step,
  ...(args && { args }),
});

test.before(makeFiles);
test.after.always(() => rm(folder, { recursive: true, force: true }));

async function ask(bench: Bench, verb: Verb, options: ProvisionOptions = {}): Promise<void> {
  await bench.conductor.provision(await bench.node(), verb, options);
}

async function deployed(t: ExecutionContext, options: BenchOptions = REAL): Promise<Bench> {
  const bench = await makeBench(t, options);
  await bench.provision('deploy');
  await bench.until('active');
  await bench.machine.settled();
  t.deepEqual(bench.machine.boots.splice(0), ['deploy', 'boot_partition']);
  return bench;
}

async function stepsDone(bench: Bench): Promise<readonly unknown[]> {
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  return events.filter(({ kind }) => kind === 'step.done').map(({ data }) => data['step']);
}

/** The machine runs its own system again, which it boots by the facts of its deploy. */
async function assertBack(t: ExecutionContext, { machine, database }: Bench): Promise<void> {
  await machine.settled();
  t.is(machine.boots.at(-1), 'boot_partition');
  t.is(machine.power, 'power on');
  t.is((await getBootFacts(database, UUID))?.label, 'boot_partition');
}

test.serial('a service boots the ramdisk, is held there, and brings the system back', async (t) => {
  await using bench = await deployed(t);
  await ask(bench, 'service', { serviceSteps: [VERIFY, flow('hold'), flow('wait'), VERIFY] });
  t.like((await bench.until('service hold')).serviceStep, { step: 'hold' });
  await bench.restart();
  t.deepEqual(bench.machine.boots, ['deploy']);
  await ask(bench, 'unhold');
  const node = await bench.until('active');
  t.like(node, { lastError: null, maintenance: false, serviceStep: {} });
  t.like(node.driverInternalInfo['disk_verification'], { drifted: [] });
  t.deepEqual(bench.machine.boots.slice(0, 1), ['deploy']);
  await assertBack(t, bench);
  t.is(bench.machine.boots.length, 2);
});

test.serial(
  'a service that switches the machine boots the ramdisk again where it needs it',
  async (t) => {
    await using bench = await deployed(t);
    const steps = [VERIFY, flow('power_off'), flow('hold'), VERIFY, flow('power_off')];
    await ask(bench, 'service', { serviceSteps: steps });
    await bench.until('service hold');
    t.is(bench.machine.power, 'power off');
    await ask(bench, 'unhold');
    await bench.until('active');
    await assertBack(t, bench);
    t.deepEqual(bench.machine.boots, ['deploy', 'deploy', 'boot_partition']);
  },
);

test.serial('a service of steps that need no ramdisk boots none', async (t) => {
  await using bench = await deployed(t);
  const steps = [flow('power_off'), flow('wait', { seconds: 0 }), flow('power_on')];
  await ask(bench, 'service', { serviceSteps: steps });
  await bench.until('service wait', 'servicing');
  await bench.until('active');
  await assertBack(t, bench);
  t.deepEqual(bench.machine.boots, ['boot_partition']);
});

test.serial(
  'a service that fails in the ramdisk, or is aborted there, brings the system back',
  async (t) => {
    await using bench = await deployed(t, { ...REAL, instanceInfo: { ironpxe_verify: 'off' } });
    await ask(bench, 'service', { serviceSteps: [VERIFY] });
    const failed = await bench.until('service failed');
    t.regex(failed.lastError ?? '', /^VERIFY_UNKNOWN_CONTENT/);
    t.like(failed, { maintenance: true, fault: 'service failure', serviceStep: {} });
    await assertBack(t, bench);
    await updateNode(bench.database, UUID, { maintenance: false, fault: null });
    await ask(bench, 'service', { serviceSteps: [flow('wait'), flow('hold')] });
    await bench.until('service hold');
    await ask(bench, 'abort');
    t.regex((await bench.until('service failed')).lastError ?? '', /^OPERATION_ABORTED/);
    await assertBack(t, bench);
    await ask(bench, 'abort');
    t.is((await bench.node()).provisionState, 'active');
  },
);

test.serial('steps that the ramdisk of a service does not have', async (t) => {
  await using bench = await deployed(t);
  await ask(bench, 'service', { serviceSteps: [METADATA] });
  const node = await bench.until('service failed');
  t.regex(node.lastError ?? '', /^STEP_UNKNOWN: .*there are: deploy\.verify_disk, power\.hold/);
  t.like(node, { maintenance: false });
  t.deepEqual(bench.machine.boots, [], 'the system runs on');
});

test.serial('a cleaning goes on in a ramdisk that was switched away', async (t) => {
  const makeDisk = (path: string) => makeGarbageDisk(path, 64 * MIB);
  const misbehaviour = { patches: { 'inventory.sh': ONE_NAME } };
  await using bench = await makeBench(t, { disk: { realRamdisk: true, makeDisk }, misbehaviour });
  await transition(bench.database, UUID, 'manage');
  const cleanSteps = [METADATA, flow('reboot'), flow('wait'), METADATA];
  await ask(bench, 'clean', { cleanSteps });
  const node = await bench.until('manageable');
  t.is(node.lastError, null);
  t.true(bench.machine.boots.length >= 2);
  t.true(bench.machine.boots.every((label) => label === 'deploy'));
  t.is(bench.machine.power, 'power off');
});

test.serial('a deploy boots its ramdisk again after a power step, and is held', async (t) => {
  await using bench = await makeBench(t, REAL);
  const at = (step: string, priority: number) => ({ ...flow(step, {}), priority });
  await ask(bench, 'deploy', { deploySteps: [at('power_off', 90), at('hold', 70)] });
  await bench.until('deploy hold');
  t.true((await stepsDone(bench)).includes('commit_disk'));
  await ask(bench, 'unhold');
  t.is((await bench.until('active')).lastError, null);
  t.deepEqual(bench.machine.boots, ['deploy', 'deploy', 'boot_partition']);
  await assertRootIsImage(t, bench.machine.diskPath);
});
