import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { planDisk } from '../../conductor/deploy/plan/planDisk.ts';
import type { DiskRequest } from '../../conductor/deploy/plan/request.ts';
import { summarizePlan } from '../../conductor/deploy/plan/summarizePlan.ts';
import type { DiskPlan, Partition } from '../../conductor/deploy/plan/types.ts';
import { FileDisk } from '../../conductor/deploy/writers/fileDisk.ts';
import { writePlan } from '../../conductor/deploy/writers/inProcess.ts';
import { inspectImage } from '../../conductor/images/inspectImage.ts';
import { run } from '../../conductor/process/run.ts';
import { MIB } from '../../conductor/values/units.ts';
import { leaveRaidMember, makeGarbageDisk } from '../deploy/support/garbageDisk.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-plan-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

const ROOT_UUID = '8a1b2c3d-0000-4000-8000-00000000feed';
const ROOT_MIB = 312;
const BASE = {
  blockSizeBytes: 512,
  wholeDisk: false,
  rootGib: ROOT_MIB / 1024,
  swapMib: 0,
  ephemeralGib: 0,
  ephemeralFormat: 'ext4',
  preserveEphemeral: false,
  diskLabel: 'msdos',
  bootMode: 'bios',
  localBoot: false,
} as const;

/** An ext4 image of 300 MiB with some files, as raw and as qcow2. */
async function makeImage(): Promise<{ raw: string; qcow2: string }> {
  const tree = join(FOLDER, 'tree');
  await mkdir(join(tree, 'etc'), { recursive: true });
  await writeFile(join(tree, 'etc', 'hostname'), 'planned\n');
  await writeFile(join(tree, 'blob'), Buffer.alloc(20 * MIB, 'not zero'));
  const raw = join(FOLDER, 'image.raw');
  const qcow2 = join(FOLDER, 'image.qcow2');
  await run('mkfs.ext4', ['-q', '-U', ROOT_UUID, '-L', 'rootfs', '-d', tree, raw, '300M']);
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2]);
  return { raw, qcow2 };
}
const IMAGE = makeImage();

/** The garbage need not reach the host's disk. */
class UnsyncedDisk extends FileDisk {
  override async flush(): Promise<void> {}
}

async function deploy(
  name: string,
  request: Omit<DiskRequest, 'image'> & { readonly imagePath: string },
  prepare: (disk: string) => Promise<void> = async () => {},
): Promise<{ disk: string; plan: DiskPlan }> {
  const disk = join(FOLDER, `${name}.disk`);
  const image = await inspectImage(request.imagePath, { cacheDir: FOLDER });
  await makeGarbageDisk(disk, request.diskSizeBytes);
  await prepare(disk);
  const plan = await planDisk({ ...request, image }, { workDir: join(FOLDER, name) });
  const { diskSizeBytes, blockSizeBytes } = request;
  await using target = new UnsyncedDisk(await open(disk, 'r+'), diskSizeBytes, blockSizeBytes);
  // Through JSON, as the store keeps it.
  const stored = JSON.parse(JSON.stringify(plan)) as DiskPlan;
  await Array.fromAsync(writePlan(stored, target));
  return { disk, plan };
}

async function extract(disk: string, partition: Partition): Promise<string> {
  const path = `${disk}.${partition.role}`;
  const { offsetBytes, lengthBytes } = partition;
  const range = [`skip=${offsetBytes / MIB}`, `count=${lengthBytes / MIB}`, 'bs=1M'];
  await run('dd', [`if=${disk}`, `of=${path}`, ...range, 'conv=sparse', 'status=none']);
  return path;
}

function partitionOf(plan: DiskPlan, role: Partition['role']): Partition {
  const partition = plan.partitions.find((candidate) => candidate.role === role);
  if (!partition) throw new Error(`There is no ${role} partition.`);
  return partition;
}

async function signatures(path: string): Promise<string> {
  const { stdout } = await run('wipefs', ['--noheadings', '--output', 'TYPE', path]);
  return stdout.trim().replaceAll(/\s+/g, ' ');
}

async function sha256(path: string, start: number, length: number): Promise<string> {
  await using file = await open(path);
  const hash = createHash('sha256');
  const end = start + length - 1;
  for await (const chunk of file.createReadStream({ start, end, autoClose: false }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function isImage(t: ExecutionContext, disk: string, offset: number): Promise<void> {
  const { raw } = await IMAGE;
  const length = 300 * MIB;
  t.is(await sha256(disk, offset, length), await sha256(raw, 0, length));
}

test.serial('msdos: ephemeral, swap, config drive and root on a disk with a past', async (t) => {
  const { qcow2 } = await IMAGE;
  const configDrive = join(FOLDER, 'config.iso');
  await writeFile(configDrive, Buffer.alloc(300_000, 'config drive'));
  const parts = { ephemeralGib: 0.125, swapMib: 64, configDrive };
  const diskSizeBytes = 600 * MIB;
  const request = { ...BASE, ...parts, diskSizeBytes, imagePath: qcow2 };
  const rootStart = (1 + 128 + 64 + 1) * MIB;
  const { disk, plan } = await deploy('msdos', request, async (path) => {
    await run('sfdisk', ['--quiet', path], { input: 'label: gpt\nstart=2048\n' });
    await leaveRaidMember(path, MIB, 129 * MIB);
    await leaveRaidMember(path, rootStart, rootStart + ROOT_MIB * MIB);
    t.is(await signatures(path), 'gpt gpt PMBR', 'the past is there before');
    const old = {
      number: 1,
      role: 'root',
      offsetBytes: rootStart,
      lengthBytes: ROOT_MIB * MIB,
    } as const;
    t.is(await signatures(await extract(path, old)), 'linux_raid_member');
  });
  t.deepEqual(
    plan.partitions.map(({ number, role, offsetBytes, lengthBytes }) => [
      number,
      role,
      offsetBytes / MIB,
      lengthBytes / MIB,
    ]),
    [
      [1, 'ephemeral', 1, 128],
      [2, 'swap', 129, 64],
      [3, 'configdrive', 193, 1],
      [4, 'root', 194, ROOT_MIB],
    ],
  );
  t.is(plan.rootDevice, `UUID=${ROOT_UUID}`);
  const { stdout: table } = await run('sfdisk', ['--dump', disk]);
  t.regex(table, /label: dos/);
  t.regex(table, /1 : start= +2048, size= +262144, type=83\n/);
  t.regex(table, /2 : start= +264192, size= +131072, type=82\n/);
  t.regex(table, /4 : start= +397312, size= +638976, type=83$/m);
  await run('sfdisk', ['--verify', disk]);
  t.is(await signatures(disk), 'dos');
  await isImage(t, disk, rootStart);
  const root = await extract(disk, partitionOf(plan, 'root'));
  t.is(await signatures(root), 'ext4');
  await run('e2fsck', ['-fn', root]);
  const { stdout: hostname } = await run('debugfs', ['-R', 'cat /etc/hostname', root]);
  t.is(hostname.trim(), 'planned');
  const ephemeral = await extract(disk, partitionOf(plan, 'ephemeral'));
  t.is(await signatures(ephemeral), 'ext4');
  await run('e2fsck', ['-fn', ephemeral]);
  const swap = await extract(disk, partitionOf(plan, 'swap'));
  t.is(await signatures(swap), 'swap');
  const { stdout: label } = await run('blkid', ['-p', '-s', 'LABEL', '-o', 'value', swap]);
  t.is(label, 'swap1');
  const config = partitionOf(plan, 'configdrive');
  const drive = await readFile(await extract(disk, config));
  t.deepEqual(drive.subarray(0, 300_000), await readFile(configDrive));
  t.true(drive.subarray(300_000).every((byte) => byte === 0));
  const { dataBytes } = summarizePlan(plan);
  t.true(dataBytes < 40 * MIB, `${dataBytes} bytes are sent`);
});

test.serial('gpt for uefi and local boot: an ESP, and both tables good', async (t) => {
  const { raw } = await IMAGE;
  const boot = { diskLabel: 'gpt', bootMode: 'uefi', localBoot: true } as const;
  const diskSizeBytes = 514 * MIB;
  const request = { ...BASE, ...boot, diskSizeBytes, imagePath: raw };
  const { disk, plan } = await deploy('gpt', request);
  t.deepEqual(
    plan.partitions.map(({ role }) => role),
    ['efi', 'root'],
  );
  const { stdout: verdict } = await run('sgdisk', ['-v', disk]);
  t.regex(verdict, /No problems found/);
  t.regex((await run('sfdisk', ['--verify', disk])).stdout, /No errors/);
  t.is(await signatures(disk), 'gpt gpt PMBR');
  const esp = await extract(disk, partitionOf(plan, 'efi'));
  await run('fsck.vfat', ['-n', esp]);
  t.regex((await run('blkid', ['-p', esp])).stdout, /LABEL="efi-part"/);
  await isImage(t, disk, 201 * MIB);
});

test.serial('bios, gpt and local boot: a bios_grub partition comes first', async (t) => {
  const { raw } = await IMAGE;
  const boot = { diskLabel: 'gpt', localBoot: true } as const;
  const request = { ...BASE, ...boot, diskSizeBytes: 320 * MIB, imagePath: raw };
  const { disk, plan } = await deploy('grub', request);
  t.deepEqual(
    plan.partitions.map(({ role }) => role),
    ['bios_grub', 'root'],
  );
  t.regex((await run('sgdisk', ['-v', disk])).stdout, /No problems found/);
  t.regex((await run('sgdisk', ['-p', disk])).stdout, /EF02/);
  // chain.c32 of the network loader finds the disk by it.
  const identifier = (await readFile(disk)).readUInt32LE(440).toString(16).padStart(8, '0');
  t.is(plan.diskIdentifier, `0x${identifier}`);
  t.not(plan.diskIdentifier, '0x00000000');
});

for (const diskLabel of ['msdos', 'gpt'] as const) {
  test.serial(`a disk with sectors of 4096 bytes gets its ${diskLabel} table`, async (t) => {
    const { qcow2 } = await IMAGE;
    const sectors = { blockSizeBytes: 4096, diskLabel } as const;
    const request = { ...BASE, ...sectors, diskSizeBytes: 320 * MIB, imagePath: qcow2 };
    const { disk } = await deploy(`4k-${diskLabel}`, request);
    const listed = await run('fdisk', ['-b', '4096', '-l', disk]);
    t.regex(listed.stdout, diskLabel === 'gpt' ? /Disklabel type: gpt/ : /Disklabel type: dos/);
    t.regex(listed.stdout, /disk1 +256 +80127 +79872 +312M/);
    t.is(listed.stderr, '');
    if (diskLabel === 'gpt') {
      await run('dd', [
        'if=/dev/zero',
        `of=${disk}`,
        'bs=4096',
        'count=1',
        'seek=1',
        'conv=notrunc',
      ]);
      const backup = await run('fdisk', ['-b', '4096', '-l', disk]);
      t.regex(backup.stdout + backup.stderr, /primary GPT table is corrupt.*backup/s);
    }
    await isImage(t, disk, MIB);
  });
}

test.serial('preserve_ephemeral leaves every byte of that partition', async (t) => {
  const { raw } = await IMAGE;
  const parts = { ephemeralGib: 0.125, preserveEphemeral: true };
  const request = { ...BASE, ...parts, diskSizeBytes: 445 * MIB, imagePath: raw };
  let before = '';
  const { disk } = await deploy('preserve', request, async (path) => {
    before = await sha256(path, MIB, 128 * MIB);
  });
  t.is(await sha256(disk, MIB, 128 * MIB), before);
  await isImage(t, disk, 129 * MIB);
});

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

const REFUSED: readonly [name: string, change: Partial<DiskRequest>, code: string, says: RegExp][] =
  [
    [
      'root smaller than the image',
      { rootGib: 0.25 },
      'IMAGE_LARGER_THAN_ROOT',
      /300 MiB.*268435456/,
    ],
    ['a disk that is too small', { rootGib: 2 }, 'DISK_TOO_SMALL', /400 MiB.*root 2048 MiB/],
    [
      'a whole-disk image',
      { wholeDisk: true, diskSizeBytes: 200 * MIB },
      'IMAGE_LARGER_THAN_DISK',
      /300 MiB/,
    ],
  ];

for (const [name, change, code, says] of REFUSED) {
  test.serial(`refused with numbers: ${name}`, async (t) => {
    const image = await inspectImage((await IMAGE).raw, { cacheDir: FOLDER });
    const request = { ...BASE, diskSizeBytes: 400 * MIB, image, ...change };
    const plan = planDisk(request, { workDir: join(FOLDER, 'refused') });
    await t.throwsAsync(plan, { code, message: says });
  });
}

test.serial('a file system that boots nothing is no whole disk', async (t) => {
  const image = await inspectImage((await IMAGE).raw, { cacheDir: FOLDER });
  const request = { ...BASE, diskSizeBytes: 400 * MIB, wholeDisk: true, image };
  const plan = planDisk(request, { workDir: join(FOLDER, 'refused') });
  const message = /is a single ext4 file system without a boot sector, expected a whole disk/;
  await t.throwsAsync(plan, { code: 'IMAGE_KIND_MISMATCH', message });
});

test.serial(
  'an image with a partition table is no root partition, nor one for other sectors',
  async (t) => {
    const path = join(FOLDER, 'table.raw');
    await using file = await open(path, 'wx');
    await file.truncate(20 * MIB);
    await run('sfdisk', ['--quiet', path], { input: 'label: gpt\nstart=2048\n' });
    const image = await inspectImage(path, { cacheDir: FOLDER });
    const request = { ...BASE, diskSizeBytes: 400 * MIB, image };
    const options = { workDir: join(FOLDER, 'refused') };
    await t.throwsAsync(planDisk(request, options), { code: 'IMAGE_KIND_MISMATCH' });
    const other = { ...request, wholeDisk: true, blockSizeBytes: 4096 } as const;
    await t.throwsAsync(planDisk(other, options), { code: 'DISK_SECTOR_SIZE_MISMATCH' });
  },
);
