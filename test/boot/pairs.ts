import type { Firmware } from '../../lab/machine.ts';

/** A way in which a machine comes to its kernel. */
export type BootWay = {
  readonly name: string;
  readonly firmware: Firmware;
  /** What of `driver_info` chooses it. */
  readonly driverInfo: Readonly<Record<string, unknown>>;
  /** Files that must have been fetched, in this order; `UUID` stands for the node's. */
  readonly fetched: readonly string[];
  /** Not a pair: GRUB 2.06 looks for its files at the server that gave it its address. */
  readonly notBeside?: true;
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
    name: 'UEFI HTTP boot',
    firmware: 'uefi-http',
    driverInfo: {},
    fetched: ['http /snponly.efi', 'http /boot.ipxe', ...HTTP_KERNEL],
  },
];
