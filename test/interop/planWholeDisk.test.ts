import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { planDisk } from '../../conductor/deploy/plan/planDisk.ts';
import { writePlan } from '../../conductor/deploy/writers/inProcess.ts';
import { inspectImage } from '../../conductor/images/inspectImage.ts';
import { run } from '../../conductor/process/run.ts';
import { MIB } from '../../conductor/values/units.ts';
import { leaveRaidMember } from '../deploy/support/garbageDisk.ts';
import {
  BASE,
  FOLDER,
  IMAGE,
  UnsyncedDisk,
  deploy,
  extract,
  isImage,
  partitionOf,
  sha256,
  signatures,
} from './support/planBench.ts';

test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

test.serial('a whole-disk GPT image: content as it is, the backup table at the end', async (t) => {
  const image = join(FOLDER, 'whole.raw');
  const { raw } = await IMAGE;
  await using file = await open(image, 'wx');
  await file.truncate(310 * MIB);
  const script = 'label: gpt\nstart=2048, size=614400\n';
  await run('sfdisk', ['--quiet', image], { input: script });
  await run('dd', [`if=${raw}`, `of=${image}`, 'bs=1M', 'seek=1', 'conv=notrunc,sparse']);
  const request = {
    ...BASE,
    wholeDisk: true,
    rootGib: 0,
    diskSizeBytes: 400 * MIB,
    imagePath: image,
  };
  const { disk, plan } = await deploy('whole', request, (path) =>
    leaveRaidMember(path, 0, 400 * MIB),
  );
  const verdict = (await run('sgdisk', ['-v', disk])).stdout;
  t.regex(verdict, /No problems found/);
  t.is(await signatures(disk), 'gpt gpt PMBR');
  await isImage(t, disk, MIB);
  t.deepEqual(plan.partitions, []);
  t.is(plan.rootDevice, undefined);
});

test.serial('a whole-disk MBR image equals the image, and its identifier is told', async (t) => {
  const image = join(FOLDER, 'mbr.raw');
  await using file = await open(image, 'wx');
  // Not a whole number of blocks, and with code before the first partition.
  await file.truncate(20 * MIB + 100);
  const script = 'label: dos\nlabel-id: 0x0badcafe\nstart=2048, size=2048\n';
  await run('sfdisk', ['--quiet', image], { input: script });
  await file.write(Buffer.alloc(100_000, 'boot code'), 0, 100_000, 512);
  await file.write(Buffer.alloc(100, 'end'), 0, 100, 20 * MIB);
  const request = { ...BASE, wholeDisk: true, diskSizeBytes: 40 * MIB, imagePath: image };
  const { disk, plan } = await deploy('mbr', request);
  t.is(plan.diskIdentifier, '0x0badcafe');
  const length = 20 * MIB + 100;
  t.is(await sha256(disk, 0, length), await sha256(image, 0, length));
  const after = (await readFile(disk)).subarray(length, 28 * MIB);
  t.true(after.every((byte) => byte === 0));
});

type Sectors = 512 | 4096;

/** A disk image with this table and nothing in its partitions. */
async function makeDiskImage(name: string, script: string, sizeBytes: number): Promise<string> {
  const path = join(FOLDER, name);
  await using file = await open(path, 'wx');
  await file.truncate(sizeBytes);
  await run('sfdisk', ['--quiet', path], { input: script });
  return path;
}

/** The same GPT for sectors of 4096 bytes, which sfdisk cannot make in a file. */
async function makeDiskImage4k(name: string, sizeBytes: number): Promise<string> {
  const { raw } = await IMAGE;
  const image = await inspectImage(raw, { cacheDir: FOLDER });
  const layout = { blockSizeBytes: 4096, diskLabel: 'gpt' } as const;
  const request = { ...BASE, ...layout, diskSizeBytes: sizeBytes, image };
  const plan = await planDisk(request, { workDir: join(FOLDER, `${name}.made`) });
  const path = join(FOLDER, name);
  await using file = await open(path, 'wx+');
  await file.truncate(sizeBytes);
  await using disk = new UnsyncedDisk(file, sizeBytes, 4096);
  await Array.fromAsync(writePlan(plan, disk));
  return path;
}

const FITTED: readonly [name: string, sectors: Sectors, make: () => Promise<string>][] = [
  [
    'gpt',
    512,
    () => makeDiskImage('drive-gpt.raw', 'label: gpt\nstart=2048, size=16384\n', 20 * MIB),
  ],
  [
    'msdos',
    512,
    () => makeDiskImage('drive-mbr.raw', 'label: dos\nstart=2048, size=16384\n', 20 * MIB),
  ],
  ['gpt with sectors of 4096', 4096, () => makeDiskImage4k('drive-4k.raw', 330 * MIB)],
];

for (const [name, blockSizeBytes, make] of FITTED) {
  test.serial(`a whole-disk image gets its config drive at the end: ${name}`, async (t) => {
    const imagePath = await make();
    const configDrive = `${imagePath}.iso`;
    await writeFile(configDrive, Buffer.alloc(300_000, 'config drive'));
    const diskSizeBytes = 420 * MIB + 8192;
    const request = { ...BASE, wholeDisk: true, blockSizeBytes, diskSizeBytes, configDrive };
    const { disk, plan } = await deploy(`drive-${name}`, { ...request, imagePath });
    const end = (name === 'msdos' ? 420 : 419) * MIB;
    t.deepEqual(plan.partitions, [
      { number: 2, role: 'configdrive', offsetBytes: end - 64 * MIB, lengthBytes: 64 * MIB },
    ]);
    const listed = await run('fdisk', ['-b', `${blockSizeBytes}`, '-l', disk]);
    t.is(listed.stderr, '');
    const sector = (bytes: number) => bytes / blockSizeBytes;
    const [first, last] = [sector(end - 64 * MIB), sector(end) - 1];
    t.regex(listed.stdout, new RegExp(`disk2 +${first} +${last} +${sector(64 * MIB)} +64M`));
    if (name === 'gpt') {
      t.regex((await run('sgdisk', ['-v', disk])).stdout, /No problems found/);
      t.regex((await run('sgdisk', ['-i', '2', disk])).stdout, /Partition name: 'config-2'/);
    }
    const drive = await readFile(await extract(disk, partitionOf(plan, 'configdrive')));
    t.deepEqual(drive.subarray(0, 300_000), await readFile(configDrive));
    t.true(drive.subarray(300_000).every((byte) => byte === 0));
    if (blockSizeBytes === 512) return;
    await isImage(t, disk, MIB);
    const zeroed = `of=${disk}`;
    await run('dd', ['if=/dev/zero', zeroed, 'bs=4096', 'count=1', 'seek=1', 'conv=notrunc']);
    const backup = await run('fdisk', ['-b', '4096', '-l', disk]);
    t.regex(backup.stdout + backup.stderr, /primary GPT table is corrupt.*backup/s);
  });
}

test.serial('an image as large as the disk: the config drive replaces what was free', async (t) => {
  const imagePath = await makeDiskImage('full.raw', 'label: dos\nstart=2048\n', 96 * MIB);
  await run('sfdisk', ['--quiet', imagePath], { input: 'label: dos\nstart=2048, size=2048\n' });
  const noise = await open(imagePath, 'r+');
  await noise.write(Buffer.alloc(MIB, 'old'), 0, MIB, 90 * MIB);
  await noise.close();
  const configDrive = join(FOLDER, 'full.iso');
  await writeFile(configDrive, 'drive');
  const request = { ...BASE, wholeDisk: true, diskSizeBytes: 96 * MIB, imagePath, configDrive };
  const { disk, plan } = await deploy('full', request);
  const drive = await readFile(await extract(disk, partitionOf(plan, 'configdrive')));
  t.is(drive.toString('latin1', 0, 6), 'drive\0');
  t.true(drive.subarray(6).every((byte) => byte === 0));
});

const NO_DRIVE: readonly [name: string, script: string, code: string, says: RegExp][] = [
  [
    'no entry left',
    'label: dos\nsize=2048\nsize=2048\nsize=2048\nsize=2048\n',
    'DISK_LAYOUT_INVALID',
    /four partitions/,
  ],
  [
    'no space left',
    'label: gpt\nstart=2048\n',
    'DISK_TOO_SMALL',
    /ends at byte \d+, and a config drive needs 64\.0 MiB behind it/,
  ],
];

for (const [name, script, code, message] of NO_DRIVE) {
  test.serial(`no config drive on a whole disk with ${name}`, async (t) => {
    const path = await makeDiskImage(`no-${code}.raw`, script, 96 * MIB);
    const image = await inspectImage(path, { cacheDir: FOLDER });
    const configDrive = join(FOLDER, 'small.iso');
    await writeFile(configDrive, 'drive');
    const diskSizeBytes = (code === 'DISK_TOO_SMALL' ? 128 : 400) * MIB;
    const request = { ...BASE, wholeDisk: true, diskSizeBytes, image, configDrive };
    await t.throwsAsync(planDisk(request, { workDir: join(FOLDER, 'refused') }), { code, message });
  });
}

test.serial('a whole-disk GPT with a damaged header is refused', async (t) => {
  const path = await makeDiskImage('damaged.raw', 'label: gpt\nstart=2048\n', 20 * MIB);
  await run('dd', ['if=/dev/zero', `of=${path}`, 'bs=1', 'seek=600', 'count=8', 'conv=notrunc']);
  await run('dd', ['if=/dev/urandom', `of=${path}`, 'bs=128', 'seek=9', 'count=1', 'conv=notrunc']);
  const image = await inspectImage(path, { cacheDir: FOLDER });
  const request = { ...BASE, wholeDisk: true, diskSizeBytes: 400 * MIB, image };
  const planned = planDisk(request, { workDir: join(FOLDER, 'refused') });
  await t.throwsAsync(planned, { code: 'IMAGE_CORRUPT', message: /checksums/ });
});

test.serial('a file system that boots nothing is no whole disk', async (t) => {
  const image = await inspectImage((await IMAGE).raw, { cacheDir: FOLDER });
  const request = { ...BASE, diskSizeBytes: 400 * MIB, wholeDisk: true, image };
  const plan = planDisk(request, { workDir: join(FOLDER, 'refused') });
  const message = /is a single ext4 file system without a boot sector, expected a whole disk/;
  await t.throwsAsync(plan, { code: 'IMAGE_KIND_MISMATCH', message });
});
