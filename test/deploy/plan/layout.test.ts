import test from 'ava';
import { layoutPartitions } from '../../../conductor/deploy/plan/layout.ts';
import { sfdiskScript } from '../../../conductor/deploy/plan/partitionTable.ts';
import type { DiskRequest } from '../../../conductor/deploy/plan/request.ts';
import { GIB, MIB } from '../../../conductor/values/units.ts';

const IMAGE = {
  path: '/image',
  format: 'raw',
  virtualSizeBytes: MIB,
  allocatedBytes: 0,
  extents: [],
  content: { kind: 'unknown', type: undefined },
} as const;
const BASE: DiskRequest = {
  diskSizeBytes: 20 * GIB,
  blockSizeBytes: 512,
  image: IMAGE,
  wholeDisk: false,
  rootGib: 10,
  swapMib: 0,
  ephemeralGib: 0,
  ephemeralFormat: 'ext4',
  preserveEphemeral: false,
  diskLabel: 'msdos',
  bootMode: 'bios',
  localBoot: false,
};

type Row = readonly [
  name: string,
  change: Partial<DiskRequest>,
  configDrive: number,
  layout: string,
];
const ROWS: readonly Row[] = [
  ['root alone', {}, 0, 'root 1+10240'],
  ['with swap', { swapMib: 512 }, 0, 'swap 1+512, root 513+10240'],
  [
    'with all of Ironic',
    { ephemeralGib: 2, swapMib: 512 },
    MIB + 1,
    'ephemeral 1+2048, swap 2049+512, configdrive 2561+2, root 2563+10240',
  ],
  ['uefi, netboot', { bootMode: 'uefi', diskLabel: 'gpt' }, 0, 'root 1+10240'],
  [
    'uefi, local',
    { bootMode: 'uefi', diskLabel: 'gpt', localBoot: true, swapMib: 1 },
    0,
    'efi 1+200, swap 201+1, root 202+10240',
  ],
  ['bios, local, gpt', { diskLabel: 'gpt', localBoot: true }, 0, 'bios_grub 1+1, root 2+10240'],
  ['bios, local, msdos', { localBoot: true }, 0, 'root 1+10240'],
  ['msdos to the last byte', { diskSizeBytes: 10241 * MIB }, 0, 'root 1+10240'],
  [
    'gpt to the last byte',
    { diskLabel: 'gpt', diskSizeBytes: 10241 * MIB + 16_896 },
    0,
    'root 1+10240',
  ],
  [
    'gpt of 4096 to the last byte',
    { diskLabel: 'gpt', blockSizeBytes: 4096, diskSizeBytes: 10241 * MIB + 34 * 4096 },
    0,
    'root 1+10240',
  ],
];

for (const [name, change, configDrive, layout] of ROWS)
  test(name, (t) => {
    const partitions = layoutPartitions({ ...BASE, ...change }, configDrive);
    const brief = partitions.map(
      ({ role, offsetBytes, lengthBytes }) => `${role} ${offsetBytes / MIB}+${lengthBytes / MIB}`,
    );
    t.is(brief.join(', '), layout);
    t.deepEqual(
      partitions.map(({ number }) => number),
      partitions.map((_, index) => index + 1),
    );
  });

const REFUSED: readonly [name: string, change: Partial<DiskRequest>, code: string, RegExp][] = [
  [
    'a byte too few',
    { diskSizeBytes: 10241 * MIB - 512 },
    'DISK_TOO_SMALL',
    /10738466304.*10739515392/,
  ],
  [
    'no room for the backup GPT',
    { diskLabel: 'gpt', diskSizeBytes: 10241 * MIB },
    'DISK_TOO_SMALL',
    /root 10240 MiB/,
  ],
  ['no root', { rootGib: 0 }, 'DISK_LAYOUT_INVALID', /0 GiB/],
  ['half a MiB', { swapMib: 0.5 }, 'DISK_LAYOUT_INVALID', /swap.*0\.5 MiB/],
  ['less than nothing', { ephemeralGib: -1 }, 'DISK_LAYOUT_INVALID', /ephemeral/],
  [
    '3 TiB of msdos',
    { rootGib: 3072, diskSizeBytes: 4096 * GIB },
    'DISK_LAYOUT_INVALID',
    /2\.0 TiB/,
  ],
  [
    'five msdos partitions',
    { bootMode: 'uefi', localBoot: true, ephemeralGib: 1, swapMib: 1 },
    'DISK_LAYOUT_INVALID',
    /5 partitions/,
  ],
];

for (const [name, change, code, message] of REFUSED)
  test(`refused: ${name}`, (t) => {
    t.throws(() => layoutPartitions({ ...BASE, ...change }, 1), { code, message });
  });

test('the script counts sectors of the disk and marks what BIOS boots', (t) => {
  const request = { ...BASE, swapMib: 4, localBoot: true };
  t.is(
    sfdiskScript(request, layoutPartitions(request, 0)),
    'label: dos\nstart=2048, size=8192, type=82\nstart=10240, size=20971520, type=83, bootable\n',
  );
  const gpt = { ...BASE, diskLabel: 'gpt', blockSizeBytes: 4096 } as const;
  t.is(
    sfdiskScript(gpt, layoutPartitions(gpt, 0)),
    'label: gpt\nfirst-lba: 256\nstart=256, size=2621440, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n',
  );
});
