import { open, rm } from 'node:fs/promises';
import test from 'ava';
import { hasCode } from '../../conductor/errors/error.ts';
import { run } from '../../conductor/process/run.ts';
import { getBootFacts } from '../../conductor/store/bootFacts.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { getInventory } from '../../conductor/store/inventories.ts';
import { transition, updateNode } from '../../conductor/store/nodes.ts';
import { listPorts } from '../../conductor/store/ports.ts';
import type { ProvisionState } from '../../conductor/states/index.ts';
import { MIB } from '../../conductor/values/units.ts';
import { makeGarbageDisk } from '../deploy/support/garbageDisk.ts';
import {
  type Bench,
  type BenchOptions,
  folder,
  looksBootable,
  makeBench,
  makeFiles,
  ONE_NAME,
  UUID,
} from './support/deployBench.ts';

const misbehaviour = { patches: { 'inventory.sh': ONE_NAME } };
const REAL: BenchOptions = { disk: { realRamdisk: true }, misbehaviour };
/** The same with a disk that is small enough to be erased and read in a second. */
const SMALL: BenchOptions = {
  disk: { realRamdisk: true, makeDisk: (path) => makeGarbageDisk(path, 64 * MIB) },
  misbehaviour,
};
const METADATA = { interface: 'deploy', step: 'erase_devices_metadata' };
const ERASE = { interface: 'deploy', step: 'erase_devices', args: { way: 'overwrite' } };

test.before(makeFiles);
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** A bench whose node is manageable and whose disk has a partition table and a file system. */
async function manageable(t: Parameters<typeof makeBench>[0], options: BenchOptions = SMALL) {
  const bench = await makeBench(t, options);
  await transition(bench.database, UUID, 'manage');
  const { diskPath } = bench.machine;
  await run('sfdisk', ['--quiet', diskPath], { input: 'label: gpt\n,32M\n' });
  return bench;
}

async function clean(bench: Bench, ...cleanSteps: readonly (typeof METADATA)[]): Promise<void> {
  await bench.conductor.provision(await bench.node(), 'clean', { cleanSteps });
}

async function signatures(path: string): Promise<string> {
  return (await run('wipefs', ['--no-act', '--parsable', path])).stdout;
}

async function isZero(path: string): Promise<boolean> {
  await using file = await open(path);
  for await (const chunk of file.createReadStream({ autoClose: false }))
    if ((chunk as Buffer).some((byte) => byte !== 0)) return false;
  return true;
}

test.serial('a cleaning wipes what could be recognised, and leaves the machine off', async (t) => {
  await using bench = await manageable(t);
  t.not(await signatures(bench.machine.diskPath), '');
  await clean(bench, METADATA);
  await bench.until('clean wait');
  const node = await bench.until('manageable');
  t.like(node, { lastError: null, maintenance: false, fault: null });
  t.deepEqual(bench.machine.boots, ['deploy']);
  t.is(bench.machine.power, 'power off');
  t.is(await getBootFacts(bench.database, UUID), undefined);
  t.is(await signatures(bench.machine.diskPath), '');
  t.false(await looksBootable(bench.machine.diskPath));
});

test.serial('an erase leaves zeros, in order after the wipe, also after a restart', async (t) => {
  await using bench = await manageable(t);
  await clean(bench, METADATA, ERASE);
  await bench.untilEvent('clean.progress');
  await bench.restart();
  const node = await bench.until('manageable');
  t.is(node.lastError, null);
  t.true(await isZero(bench.machine.diskPath));
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  const ended = events.filter(({ kind }) => kind === 'step.done').map(({ data }) => data['step']);
  t.true(
    ended.indexOf('deploy.erase_devices_metadata') < ended.indexOf('deploy.erase_devices'),
    ended.join(),
  );
});

test.serial('automated cleaning follows an undeploy and a provide', async (t) => {
  await using bench = await makeBench(t, { ...REAL, config: 'clean: {automated: true}' });
  await bench.provision('deploy');
  await bench.until('active');
  t.true(await looksBootable(bench.machine.diskPath));
  await bench.provision('delete');
  await bench.until('clean wait');
  await bench.until('available');
  t.deepEqual(bench.machine.boots, ['deploy', 'boot_partition', 'deploy']);
  t.false(await looksBootable(bench.machine.diskPath));
  await bench.provision('manage');
  // The node's own word counts for more than the configuration.
  await updateNode(bench.database, UUID, { automatedClean: false });
  await bench.provision('provide');
  await bench.until('available');
  t.is(bench.machine.boots.length, 3);
});

test.serial('a cleaning that fails never boots the old disk, and asks for a person', async (t) => {
  const patches = { 'inventory.sh': ONE_NAME, 'commands.sh': 'command_wipe() { return 1; }' };
  await using bench = await manageable(t, { ...SMALL, misbehaviour: { patches } });
  await clean(bench, METADATA);
  const node = await bench.until('clean failed');
  t.regex(node.lastError ?? '', /^RAMDISK_COMMAND_/);
  t.like(node, { maintenance: true, fault: 'clean failure', targetProvisionState: 'manageable' });
  t.is(bench.machine.power, 'power off');
  // Whoever switches it on by hand sees the ramdisk again, which is told that nobody waits.
  t.is((await getBootFacts(bench.database, UUID))?.label, 'deploy');
  await bench.provision('manage');
  t.is((await bench.node()).provisionState, 'manageable');
});

test.serial('an abort while the ramdisk is waited for', async (t) => {
  await using bench = await manageable(t, { misbehaviour: { silent: true } });
  await clean(bench, METADATA);
  await bench.until('clean wait');
  await bench.provision('abort');
  const node = await bench.until('clean failed');
  t.regex(node.lastError ?? '', /^OPERATION_ABORTED/);
  t.like(node, { maintenance: false, fault: null });
  t.is(bench.machine.power, 'power off');
});

test.serial('a classic ramdisk cannot clean, and says so', async (t) => {
  await using bench = await manageable(t, {});
  await clean(bench, METADATA);
  const node = await bench.until('clean failed');
  t.regex(node.lastError ?? '', /^RAMDISK_CLASSIC/);
});

test.serial('a ramdisk that never comes ends the cleaning at its deadline', async (t) => {
  const config = 'clean: {callback_timeout_seconds: 1}\ninspect: {callback_timeout_seconds: 1}';
  await using bench = await manageable(t, { misbehaviour: { silent: true }, config });
  await clean(bench, METADATA);
  const cleaned = await bench.until('clean failed');
  t.regex(cleaned.lastError ?? '', /^(CALLBACK_TIMEOUT|PXE_NOT_SEEN)/);
  // No step had begun: nothing is known to be wrong with the machine.
  t.like(cleaned, { maintenance: false, fault: null });
  await bench.provision('manage');
  await bench.provision('inspect');
  const inspected = await bench.until('inspect failed');
  t.regex(inspected.lastError ?? '', /^(CALLBACK_TIMEOUT|PXE_NOT_SEEN)/);
  t.is(inspected.inspectionStartedAt, null);
  t.is(await getBootFacts(bench.database, UUID), undefined);
});

test.serial('an inspection fills the properties and keeps the inventory', async (t) => {
  await using bench = await manageable(t);
  await updateNode(bench.database, UUID, {
    properties: { vendor: 'kept', root_device: { serial: 'hostdisk1' } },
  });
  await bench.provision('inspect');
  await bench.until('inspect wait');
  const node = await bench.until('manageable');
  t.is(node.lastError, null);
  t.like(node.properties, {
    vendor: 'kept',
    local_gb: 0,
    cpu_arch: process.arch === 'x64' ? 'x86_64' : process.arch,
  });
  t.true(Number(node.properties['cpus']) > 0);
  t.true(Number(node.properties['memory_mb']) > 100);
  t.regex(String(node.properties['capabilities']), /^boot_mode:(bios|uefi)$/);
  t.truthy(node.inspectionFinishedAt);
  t.is(bench.machine.power, 'power off');
  t.is(await getBootFacts(bench.database, UUID), undefined);
  const { inventory } = await getInventory(bench.database, UUID);
  t.like(inventory, { disks: [{ serial: 'HOSTDISK1', wwn: '5000c500a1b2c3d4' }] });
  t.is((await listPorts(bench.database, { nodeUuid: UUID })).length, 1);
});

test.serial(
  'hints that fit no disk fail the inspection with the disks that are there',
  async (t) => {
    await using bench = await manageable(t);
    await updateNode(bench.database, UUID, { properties: { root_device: { serial: 'other' } } });
    await bench.provision('inspect');
    const node = await bench.until('inspect failed');
    t.regex(node.lastError ?? '', /^INSPECTION_NO_ROOT_DISK: .*fits no disk.*serial HOSTDISK1/);
  },
);

test.serial('adopt takes over a machine without touching its power or its disk', async (t) => {
  await using bench = await manageable(t);
  const before = await signatures(bench.machine.diskPath);
  const { instanceInfo } = await bench.node();
  await updateNode(bench.database, UUID, {
    instanceInfo: { ...instanceInfo, kernel_append_params: 'root=LABEL=data quiet' },
  });
  await bench.provision('adopt');
  await bench.until('active');
  t.deepEqual(bench.machine.boots, []);
  t.is(await signatures(bench.machine.diskPath), before);
  const facts = await getBootFacts(bench.database, UUID);
  t.like(facts, { label: 'boot_partition', bootOptions: 'root=LABEL=data quiet' });
  await bench.provision('delete');
  await bench.until('available');
  t.is(await getBootFacts(bench.database, UUID), undefined);
});

test.serial('adopt without a root to boot from fails and leaves nothing', async (t) => {
  await using bench = await manageable(t);
  await bench.provision('adopt');
  const node = await bench.until('adopt failed' satisfies ProvisionState);
  t.regex(node.lastError ?? '', /^DEPLOY_PARAMETER_MISSING: .*root/);
  t.is(await getBootFacts(bench.database, UUID), undefined);
  t.deepEqual(bench.machine.boots, []);
});

test.serial('a machine of this driver has no rescue', async (t) => {
  await using bench = await makeBench(t, {});
  await bench.database.updateTable('nodes').set({ provisionState: 'active' }).execute();
  const error = await t.throwsAsync(bench.provision('rescue'));
  t.true(hasCode(error, 'VERB_UNSUPPORTED'));
});

test.serial('steps of a deploy template run before the disk is written', async (t) => {
  await using bench = await makeBench(t, REAL);
  const steps = JSON.stringify([{ ...METADATA, args: {}, priority: 90 }]);
  const createdAt = new Date().toISOString();
  await bench.database
    .insertInto('deployTemplates')
    .values({ uuid: UUID, name: 'CUSTOM_WIPE', steps, extra: '{}', createdAt })
    .execute();
  const { instanceInfo } = await bench.node();
  await updateNode(bench.database, UUID, {
    instanceInfo: { ...instanceInfo, traits: ['CUSTOM_WIPE', 'CUSTOM_OTHER'] },
  });
  await bench.provision('deploy');
  await bench.until('active');
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  const ended = events.filter(({ kind }) => kind === 'step.done').map(({ data }) => data['step']);
  const wipe = ended.indexOf('deploy.erase_devices_metadata');
  t.true(ended.indexOf('wait_call_back') < wipe && wipe < ended.indexOf('plan_disk'), ended.join());
});
