import type { Firmware } from '../../lab/machine.ts';
import type { DhcpMode } from './dhcpModes.ts';

/** A way in which a machine comes to its kernel. */
export type BootWay = {
  readonly name: string;
  readonly firmware: Firmware;
  /** What of `driver_info` chooses it. */
  readonly driverInfo: Readonly<Record<string, string>>;
  /** Files that must have been fetched, in this order; `UUID` stands for the node's. */
  readonly fetched: readonly string[];
  /** Not a pair: GRUB 2.06 looks for its files at the server that gave it its address. */
  readonly notBeside?: true;
  /** In the first column only. */
  readonly once?: true;
  /** Its loader does not come back from being told to go on to the disk (decision 0015). */
  readonly hangsOnExit?: true;
};

const TFTP_KERNEL = ['tftp UUID/kernel', 'tftp UUID/ramdisk'];
const HTTP_KERNEL = ['http /UUID/kernel', 'http /UUID/ramdisk'];

export const BOOT_WAYS: readonly BootWay[] = [
  {
    name: 'BIOS pxelinux',
    firmware: 'bios',
    driverInfo: {},
    fetched: ['tftp pxelinux.0', 'tftp ldlinux.c32', ...TFTP_KERNEL],
  },
  {
    name: 'BIOS iPXE',
    firmware: 'bios',
    driverInfo: { ironpxe_loader: 'ipxe' },
    fetched: ['http /boot.ipxe', ...HTTP_KERNEL],
  },
  {
    name: 'UEFI GRUB',
    firmware: 'uefi',
    driverInfo: {},
    fetched: ['tftp bootx64.efi', 'tftp grubx64.efi', ...TFTP_KERNEL],
    notBeside: true,
  },
  {
    name: 'UEFI snponly iPXE',
    firmware: 'uefi',
    driverInfo: { ironpxe_loader: 'ipxe' },
    fetched: ['tftp snponly.efi', 'http /boot.ipxe', ...HTTP_KERNEL],
  },
  {
    name: 'UEFI iPXE drivers',
    firmware: 'uefi',
    driverInfo: { ironpxe_loader: 'ipxe_drivers' },
    fetched: ['tftp ipxe.efi', 'http /boot.ipxe', ...HTTP_KERNEL],
    once: true,
    hangsOnExit: true,
  },
  {
    name: 'UEFI HTTP boot',
    firmware: 'uefi-http',
    driverInfo: {},
    fetched: ['http /snponly.efi', 'http /boot.ipxe', ...HTTP_KERNEL],
  },
];

/** Whether `needed` is in `fetched` in its order, with others between. */
export function inOrder(fetched: readonly string[], needed: readonly string[]): boolean {
  const rest = fetched.map((line) => line.replace(' /', ' '));
  return needed.every((line) => {
    const at = rest.indexOf(line.replace(' /', ' '));
    if (at >= 0) rest.splice(0, at + 1);
    return at >= 0;
  });
}

/** Whether machines can come to their kernel this way where addresses come that way. */
export function isPair({ notBeside, driverInfo }: BootWay, dhcp: DhcpMode): boolean {
  if (dhcp === 'proxy') return notBeside !== true;
  // A server that was told what to say once cannot tell nodes apart.
  return dhcp !== 'external' || driverInfo['ironpxe_loader'] === undefined;
}
