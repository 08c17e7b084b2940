import { open, rm } from 'node:fs/promises';
import test from 'ava';
import { receiptOf } from '../../conductor/deploy/receipt.ts';
import { hasCode } from '../../conductor/errors/error.ts';
import { run } from '../../conductor/process/run.ts';
import { listEvents } from '../../conductor/store/events.ts';
import {
  leavePhysicalVolume,
  leaveRaidMember,
  makeGarbageDisk,
} from '../deploy/support/garbageDisk.ts';
import {
  assertRootIsImage,
  type Bench,
  type BenchOptions,
  folder,
  looksBootable,
  makeBench,
  makeFiles,
  UUID,
} from './support/deployBench.ts';

const MIB = 1024 * 1024;
const REAL: BenchOptions = { disk: { realRamdisk: true } };

test.before(makeFiles);
test.after.always(() => rm(folder, { recursive: true, force: true }));

async function eventsOf(bench: Bench, kind: string) {
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  return events.filter((event) => event.kind === kind);
}

async function flipByte(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset);
  await file.write(Buffer.from([buffer.readUInt8(0) ^ 1]), 0, 1, offset);
}

async function rootStart(path: string): Promise<number> {
  const { stdout } = await run('sfdisk', ['--json', path]);
  return JSON.parse(stdout).partitiontable.partitions.at(-1).start * 512;
}

/** What `wipefs` sees on a range of a disk. */
async function signatures(path: string, startBytes = 0, lengthBytes?: number): Promise<string[]> {
  const range = ['--find', '--show', '--offset', String(startBytes)];
  const limit = lengthBytes === undefined ? [] : ['--sizelimit', String(lengthBytes)];
  const { stdout: loop } = await run('losetup', [...range, ...limit, path]);
  try {
    const { stdout } = await run('wipefs', ['-n', '--noheadings', '--output', 'TYPE', loop]);
    return stdout.split('\n').filter(Boolean).toSorted();
  } finally {
    await run('losetup', ['--detach', loop]);
  }
}

const ROOT = [MIB, 1024 * MIB] as const;

/** Garbage, a GPT, and where the new root will be, members of LVM and of an md array. */
async function makeDiskWithPast(path: string, sizeBytes: number): Promise<void> {
  await makeGarbageDisk(path, sizeBytes);
  const [start, length] = ROOT;
  await leavePhysicalVolume(path, start);
  await leaveRaidMember(path, start, start + length);
  const input = 'label: gpt\nstart=2048,size=8192\nsize=8192\n';
  await run('sfdisk', ['--quiet', '--wipe', 'never', '--wipe-partitions', 'never', path], {
    input,
  });
}

test.serial(
  'a disk of garbage: authenticated, verified, with a receipt; redeploys and comparisons later',
  async (t) => {
    await using bench = await makeBench(t, { disk: { ...REAL.disk, makeDisk: makeDiskWithPast } });
    const { diskPath } = bench.machine;
    t.deepEqual(await signatures(diskPath), ['PMBR', 'gpt', 'gpt']);
    t.deepEqual(await signatures(diskPath, ...ROOT), ['LVM2_member', 'linux_raid_member']);
    await bench.provision('deploy');
    const node = await bench.until('active');
    t.deepEqual(bench.machine.boots, ['deploy', 'boot_partition']);
    await assertRootIsImage(t, bench.machine.diskPath);
    const receipt = receiptOf(node);
    t.like(receipt, {
      verify: 'written',
      authenticated: true,
      disk_serial: 'HOSTDISK1',
      disk_wwn: '5000c500a1b2c3d4',
      kept_bytes: 0,
    });
    t.regex(receipt?.root_hash ?? '', /^[0-9a-f]{64}$/);
    t.true((receipt?.verified_bytes ?? 0) >= (receipt?.sent_bytes ?? Infinity));
    t.is((await eventsOf(bench, 'ramdisk.classic')).length, 0);
    t.deepEqual(await signatures(diskPath), ['dos']);
    t.deepEqual(await signatures(diskPath, ...ROOT), ['ext4']);

    await bench.provision('service');
    await bench.until('servicing', 'service wait');
    const intact = await bench.until('active');
    t.like(intact.driverInternalInfo['disk_verification'], { drifted: [], drifted_bytes: 0 });
    await bench.machine.settled();
    t.deepEqual(bench.machine.boots.slice(2), ['deploy', 'boot_partition']);

    const at = (await rootStart(bench.machine.diskPath)) + 1024;
    await flipByte(bench.machine.diskPath, at);
    await bench.provision('service');
    await bench.until('servicing', 'service wait');
    const { drifted } = (await bench.until('active')).driverInternalInfo['disk_verification'] as {
      drifted: { start: number; end: number }[];
    };
    t.is(drifted.length, 1);
    t.true((drifted[0]?.start ?? Infinity) <= at && (drifted[0]?.end ?? 0) > at);

    await bench.provision('rebuild');
    await bench.until('deploying', 'wait call-back');
    const again = await bench.until('active');
    await assertRootIsImage(t, bench.machine.diskPath);
    t.false('disk_verification' in again.driverInternalInfo);
    const sent = receiptOf(again)?.sent_bytes ?? Infinity;
    // The first MiB holds a new partition table with each deploy; one more held the flipped bit.
    t.true(sent <= 2 * MIB, `${sent} bytes sent`);
    t.log(`first ${receipt?.sent_bytes} bytes sent, then ${sent}`);
  },
);

/** Changes a byte of what was written, behind everybody's back, before it is read back. */
const flipOnce = `hash_workers() {
  [ -e "$RUN/flipped" ] || printf X | dd of="$node" bs=1 seek=$((1048576 + 1080)) conv=notrunc 2>/dev/null
  : >"$RUN/flipped"
  echo 1
}`;
const FULL = { ironpxe_write: 'full' };

test.serial('a bit that flips on the disk is found and written again', async (t) => {
  const misbehaviour = { patches: { 'commands.sh': flipOnce } };
  await using bench = await makeBench(t, { ...REAL, misbehaviour, instanceInfo: FULL });
  await bench.provision('deploy');
  await bench.until('active');
  t.is((await eventsOf(bench, 'verify.mismatch')).length, 1);
  await assertRootIsImage(t, bench.machine.diskPath);
});

test.serial(
  'a disk that never returns what was written: failed, and it does not boot',
  async (t) => {
    const patches = { 'commands.sh': flipOnce.replace('[ -e "$RUN/flipped" ] || ', '') };
    await using bench = await makeBench(t, {
      ...REAL,
      misbehaviour: { patches },
      instanceInfo: FULL,
    });
    await bench.provision('deploy');
    const { lastError } = await bench.until('deploy failed');
    t.regex(lastError ?? '', /^VERIFY_FAILED: .*bytes 1048576 to/);
    t.false(await looksBootable(bench.machine.diskPath));
  },
);

for (const kind of ['write.zeroed', 'write.done'])
  test.serial(
    `a power cut after ${kind}: the ramdisk boots again, and only the rest is sent`,
    async (t) => {
      const config = 'iscsi: {reconnect_seconds: 1}';
      await using bench = await makeBench(t, { ...REAL, config });
      await bench.provision('deploy');
      await bench.untilEvent(kind);
      await bench.machine.cutPower();
      await bench.until('active');
      t.deepEqual(bench.machine.boots, ['deploy', 'deploy', 'boot_partition']);
      t.is((await eventsOf(bench, 'ramdisk.rebooted')).length, 1);
      await assertRootIsImage(t, bench.machine.diskPath);
    },
  );

test.serial('whoever has the deploy key but not the session cannot take its place', async (t) => {
  await using bench = await makeBench(t, REAL);
  await bench.provision('deploy');
  await bench.untilEvent('ramdisk.callback');
  const classic = await t.throwsAsync(bench.machine.callBack());
  t.true(hasCode(classic, 'RAMDISK_NOT_AUTHENTIC'));
  await bench.until('active');
  await assertRootIsImage(t, bench.machine.diskPath);
});

test.serial('a classic ramdisk is refused where authentication is required', async (t) => {
  await using bench = await makeBench(t, { config: 'iscsi: {require_authentication: true}' });
  await bench.provision('deploy');
  t.regex((await bench.until('deploy failed')).lastError ?? '', /^RAMDISK_CLASSIC: /);
});

test.serial('verify: off leaves a receipt that says so; a comparison is refused', async (t) => {
  const instanceInfo = { ironpxe_verify: 'off' };
  await using bench = await makeBench(t, { ...REAL, instanceInfo });
  await bench.provision('deploy');
  t.like(receiptOf(await bench.until('active')), { verify: 'off', verified_bytes: 0 });
  await bench.provision('service');
  t.regex((await bench.until('service failed')).lastError ?? '', /^VERIFY_UNKNOWN_CONTENT: /);
  t.deepEqual(bench.machine.boots, ['deploy', 'boot_partition']);
});

for (const kind of ['write.zeroed', 'write.progress', 'verify.progress', 'verify.done'])
  test.serial(`a conductor that stops at ${kind} goes on after its restart`, async (t) => {
    await using bench = await makeBench(t, REAL);
    await bench.provision('deploy');
    await bench.untilEvent(kind);
    await bench.restart();
    await bench.until('active');
    await assertRootIsImage(t, bench.machine.diskPath);
  });
