import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewEvent } from '../../conductor/events/kinds.ts';
import { Bench, NETBOOT_OPTIONS } from '../netboot/support/bench.ts';
import { biosDisk, DISK_STARTED, uefiDisk } from '../netboot/support/bootDisk.ts';
import { bootFacts, machine, MAC, NODE } from '../netboot/support/machines.ts';
import { needing } from '../netboot/support/needing.ts';
import type { Running } from '../netboot/support/netns.ts';

const DISK_IDENTIFIER = 0x2b0a_57ed;
const OVMF = '/usr/share/OVMF';
const HTTP_ONLY = ['IPv4PXESupport', 'IPv6PXESupport'].map(
  (name) => `-fw_cfg name=opt/org.tianocore/${name},string=n`,
);

type Way = {
  readonly name: string;
  readonly firmware: 'bios' | 'uefi' | 'uefi-http';
  readonly ipxe: boolean;
  /** What is fetched on the way to the disk, in this order, with others between. */
  readonly fetched: readonly string[];
};

const PXELINUX = ['tftp pxelinux.0', 'tftp pxelinux.cfg/01-52-54-00-00-00-01', 'tftp chain.c32'];
const SCRIPTS = ['http /boot.ipxe', 'http /pxelinux.cfg/52-54-00-00-00-01'];
const WAYS: readonly Way[] = [
  { name: 'BIOS pxelinux', firmware: 'bios', ipxe: false, fetched: PXELINUX },
  { name: 'BIOS iPXE', firmware: 'bios', ipxe: true, fetched: SCRIPTS },
  {
    name: 'UEFI GRUB',
    firmware: 'uefi',
    ipxe: false,
    fetched: [
      'tftp bootx64.efi',
      'tftp grubx64.efi',
      'tftp /grub/grub.cfg',
      'tftp /52:54:00:00:00:01.conf',
    ],
  },
  { name: 'UEFI iPXE', firmware: 'uefi', ipxe: true, fetched: ['tftp snponly.efi', ...SCRIPTS] },
  {
    name: 'UEFI HTTP boot',
    firmware: 'uefi-http',
    ipxe: false,
    fetched: ['http /snponly.efi', ...SCRIPTS],
  },
];

/** A disk that the way can start, and QEMU's arguments for a machine that has it as second device. */
async function machineOf(bench: Bench, { firmware }: Way): Promise<string[]> {
  const { folder } = bench;
  const disk = (path: string) => [
    `-drive if=none,id=disk,format=raw,file=${path}`,
    '-device virtio-blk-pci,drive=disk,bootindex=2',
  ];
  if (firmware === 'bios') return disk(await biosDisk(join(folder, 'disk'), DISK_IDENTIFIER));
  await copyFile(join(OVMF, 'OVMF_VARS_4M.fd'), join(folder, 'vars'));
  return [
    `-drive if=pflash,format=raw,unit=0,readonly=on,file=${OVMF}/OVMF_CODE_4M.fd`,
    `-drive if=pflash,format=raw,unit=1,file=${folder}/vars`,
    '-device virtio-rng-pci',
    ...(firmware === 'uefi-http' ? HTTP_ONLY : []),
    ...disk(await uefiDisk(folder)),
  ];
}

function fetchedFrom({ output }: Running): string[] {
  const lines = output.text.split('\n').filter((line) => line.startsWith('{"kind"'));
  return lines
    .map((line) => JSON.parse(line) as NewEvent)
    .filter(({ kind }) => kind === 'tftp.done' || kind === 'http.done')
    .map(({ kind, data }) => `${kind.split('.')[0]} ${String(data?.['file'])}`);
}

const PROGRAMS = ['qemu-system-x86_64', 'mcopy', 'mkfs.vfat'];
for (const [index, way] of WAYS.entries()) {
  const title = `${way.name}: the network sends a machine to its own disk`;
  needing(PROGRAMS, title, async (t) => {
    t.timeout(600_000);
    await using bench = await Bench.make(`disk${index}`);
    const boot = bootFacts({
      label: 'boot_whole_disk',
      files: {},
      deployOptions: '',
      bootOptions: '',
      diskIdentifier: `0x${DISK_IDENTIFIER.toString(16)}`,
    });
    const host = { nodeUuid: NODE, hostname: undefined, ipxe: way.ipxe };
    const server = await bench.serve(NETBOOT_OPTIONS, [machine({ host, boot })]);
    const more = await machineOf(bench, way);
    const { output } = bench.machine(MAC, 580_000, { uefi: way.firmware !== 'bios', more });
    await output.waitFor(new RegExp(DISK_STARTED));
    const rest = fetchedFrom(server);
    for (const line of way.fetched) {
      const at = rest.indexOf(line);
      t.true(at >= 0, `${line} was not fetched: ${fetchedFrom(server).join(', ')}`);
      rest.splice(0, at + 1);
    }
  });
}
