import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { convert } from '../../../image-tools/convert/convert.ts';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import {
  CHECKSUM,
  cloudRoot,
  coreosPartitions,
  DEBIAN_GRUB,
  fedoraBoot,
  fedoraRoot,
  KERNEL,
  ostreeRoot,
  RAMDISK,
  UBUNTU_GRUB,
  ubuntuRoot,
} from '../support/systems.ts';
import { scratch, tinyImage, type TinyPartition } from '../support/tinyImage.ts';

type Expected = {
  readonly root: RegExp;
  readonly append: string;
  readonly kernelVersion: string;
  readonly content: 'file-system' | 'lvm-physical-volume';
  readonly os: string;
};

const DEBIAN: Expected = {
  root: /^UUID=[0-9a-f-]{36}$/,
  append: 'ro console=tty0 console=ttyS0,115200',
  kernelVersion: '6.1.0-9-cloud-amd64',
  content: 'file-system',
  os: 'Debian GNU/Linux 12',
};
const FEDORA: Expected = {
  root: /^UUID=[0-9a-f-]{36}$/,
  append: 'ro no_timer_check console=tty1 console=ttyS0,115200n8',
  kernelVersion: '6.8.5-301.fc40.x86_64',
  content: 'file-system',
  os: 'Fedora Linux 40 (Cloud Edition)',
};
const UBUNTU: Expected = {
  root: /^LABEL=cloudimg-rootfs$/,
  append: 'ro console=tty1 console=ttyS0',
  kernelVersion: '6.8.0-31-generic',
  content: 'file-system',
  os: 'Ubuntu 24.04 LTS',
};

/** BIOS boot or EFI partitions, of which only that they hold no file system of ours counts. */
const SMALL: TinyPartition = { content: 'empty' };

const LAYOUTS: readonly [string, 'dos' | 'gpt', readonly TinyPartition[], Expected][] = [
  ['Debian: one ext4', 'gpt', [{ content: 'ext4', files: cloudRoot(DEBIAN_GRUB) }, SMALL], DEBIAN],
  ['plain XFS root', 'dos', [{ content: 'xfs', files: cloudRoot(DEBIAN_GRUB) }], DEBIAN],
  [
    'Fedora: BIOS boot, /boot on ext4, XFS root, entries of the boot loader specification',
    'gpt',
    [SMALL, { content: 'ext4', files: fedoraBoot() }, { content: 'xfs', files: fedoraRoot() }],
    FEDORA,
  ],
  [
    'Ubuntu: root by label, kernels by links in /boot',
    'gpt',
    [{ content: 'ext4', label: 'cloudimg-rootfs', files: ubuntuRoot(UBUNTU_GRUB) }, SMALL, SMALL],
    UBUNTU,
  ],
];

for (const [what, label, partitions, expected] of LAYOUTS)
  test(what, async (t) => {
    await using folder = await scratch();
    const image = await tinyImage(folder.path, { label, partitions });
    const outputDir = join(folder.path, 'out');
    const { manifest, outputs } = await convert({ image, outputDir, name: 'x', appliance: false });
    t.regex(manifest.boot.root ?? '', expected.root);
    t.is(manifest.boot.append, expected.append);
    t.is(manifest.kernelVersion, expected.kernelVersion);
    t.is(manifest.base.content, expected.content);
    t.is(manifest.os?.prettyName, expected.os);
    t.is(manifest.source.partitionTable, label === 'dos' ? 'mbr' : 'gpt');
    t.deepEqual(await readFile(outputs.kernel), KERNEL);
    t.deepEqual(await readFile(outputs.ramdisk), RAMDISK);
    t.false((await readFile(outputs.base)).includes(' /boot'));
  });

const debian = { content: 'ext4', files: cloudRoot(DEBIAN_GRUB) } as const;
const fedora = [
  { content: 'ext4', files: fedoraBoot() },
  { content: 'ext4', files: fedoraRoot() },
] as const;

test('of several roots, --root takes the one that it names', async (t) => {
  await using folder = await scratch();
  const other = cloudRoot(DEBIAN_GRUB);
  const named = { ...other, '/usr/lib/os-release': 'ID=other\nPRETTY_NAME="The other"\n' };
  const partitions = [debian, { content: 'ext4', files: named }] as const;
  const image = await tinyImage(folder.path, { label: 'gpt', partitions });
  const options = { image, outputDir: join(folder.path, 'out'), appliance: false } as const;
  const error = await t.throwsAsync(convert({ ...options, name: 'a' }));
  t.true(hasImageCode(error, 'SEVERAL_ROOTS'), String(error));
  for (const [root, number, os] of [
    ['partition 1', 1, 'Debian GNU/Linux 12'],
    ['partition 2', 2, 'The other'],
  ] as const) {
    const { manifest } = await convert({ ...options, name: `root-${number}`, root });
    t.is(manifest.source.rootPartition, number);
    t.is(manifest.os?.prettyName, os);
  }
});

test('a device name as root= becomes the mapper path, dashes doubled', async (t) => {
  await using folder = await scratch();
  const [boot] = fedora;
  const partitions = [
    { ...boot, files: fedoraBoot('root=/dev/sda2') },
    { content: 'lvm-ext4', files: fedoraRoot(), group: 'my-group', volume: 'the-root' },
  ] as const;
  const image = await tinyImage(folder.path, { partitions });
  const outputDir = join(folder.path, 'out');
  const { manifest } = await convert({ image, outputDir, name: 'a', appliance: false });
  t.is(manifest.boot.root, '/dev/mapper/my--group-the--root');
  t.deepEqual(manifest.lvm, { group: 'my-group', volume: 'the-root' });
  t.is(manifest.base.content, 'lvm-physical-volume');
});

test('btrfs is named and left to libguestfs', async (t) => {
  await using folder = await scratch();
  const partitions = [fedora[0], { content: 'btrfs', files: fedoraRoot('/root') }] as const;
  const image = await tinyImage(folder.path, { label: 'gpt', partitions });
  const outputDir = join(folder.path, 'out');
  const error = await t.throwsAsync(convert({ image, outputDir, name: 'a', appliance: false }));
  t.true(hasImageCode(error, 'APPLIANCE_NEEDED'), String(error));
  t.regex(error.message, /partition 2 holds btrfs/);
});

test('CoreOS: no root= in its entry, nothing in an fstab', async (t) => {
  await using folder = await scratch();
  const image = await tinyImage(folder.path, { label: 'gpt', partitions: coreosPartitions() });
  const outputDir = join(folder.path, 'out');
  const { manifest } = await convert({ image, outputDir, name: 'c', appliance: false });
  t.regex(manifest.boot.root ?? '', /^UUID=[0-9a-f-]{36}$/);
  t.is(
    manifest.boot.append,
    `mitigations=auto,nosmt ignition.platform.id=metal console=ttyS0,115200n8 ostree=/ostree/boot.1/atomic/${CHECKSUM}/0`,
  );
  t.deepEqual(manifest.boot.dropped, [
    { option: '$ignition_firstboot', reason: 'a variable of GRUB' },
  ]);
  t.is(manifest.source.rootPartition, 4);
  t.deepEqual(
    manifest.changes.map(({ path }) => path),
    ['/boot/loader'],
  );
});

test('an ostree root without its /boot', async (t) => {
  await using folder = await scratch();
  const image = await tinyImage(folder.path, {
    partitions: [{ content: 'ext4', files: ostreeRoot() }],
  });
  const outputDir = join(folder.path, 'out');
  const error = await t.throwsAsync(convert({ image, outputDir, name: 'a', appliance: false }));
  t.true(hasImageCode(error, 'NO_KERNEL'), String(error));
});
