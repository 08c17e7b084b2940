import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { planDisk } from '../../conductor/deploy/plan/planDisk.ts';
import type { DiskRequest } from '../../conductor/deploy/plan/request.ts';
import { summarizePlan } from '../../conductor/deploy/plan/summarizePlan.ts';
import { inspectImage } from '../../conductor/images/inspectImage.ts';
import { run } from '../../conductor/process/run.ts';
import { MIB } from '../../conductor/values/units.ts';
import { leaveRaidMember } from '../deploy/support/garbageDisk.ts';
import {
  BASE,
  FOLDER,
  IMAGE,
  ROOT_MIB,
  ROOT_UUID,
  deploy,
  extract,
  isImage,
  partitionOf,
  sha256,
  signatures,
} from './support/planBench.ts';

test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

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
