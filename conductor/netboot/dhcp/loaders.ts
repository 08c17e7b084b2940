/** The boot files that firmware of one kind is given, as names in the virtual tree. */
export type Loader = {
  /** What the machine is, for people. */
  readonly firmware: string;
  readonly bootMode: 'bios' | 'uefi';
  /** How the firmware fetches its boot file: by name over TFTP, or by URL. */
  readonly transport: 'tftp' | 'http';
  /** For nodes that boot through pxelinux or GRUB. */
  readonly pxe: string;
  /** For nodes that boot through iPXE, with the network driver of the firmware. */
  readonly ipxe: string;
  /** For nodes that boot through iPXE, with its own network drivers. */
  readonly ipxeDrivers: string;
};

const BIOS = {
  firmware: 'BIOS',
  bootMode: 'bios',
  transport: 'tftp',
  pxe: 'pxelinux.0',
  ipxe: 'undionly.kpxe',
  ipxeDrivers: 'ipxe.pxe',
} as const satisfies Loader;

const X64 = {
  firmware: 'x64 UEFI',
  bootMode: 'uefi',
  transport: 'tftp',
  pxe: 'bootx64.efi',
  ipxe: 'snponly.efi',
  ipxeDrivers: 'ipxe.efi',
} as const satisfies Loader;

const X86 = {
  ...X64,
  firmware: 'x86 UEFI',
  pxe: 'bootia32.efi',
  ipxe: 'snponly-ia32.efi',
  ipxeDrivers: 'ipxe-ia32.efi',
} as const satisfies Loader;

const ARM32 = {
  ...X64,
  firmware: 'Arm 32 UEFI',
  pxe: 'bootarm.efi',
  ipxe: 'snponly-arm32.efi',
  ipxeDrivers: 'ipxe-arm32.efi',
} as const satisfies Loader;

const ARM64 = {
  ...X64,
  firmware: 'Arm 64 UEFI',
  pxe: 'bootaa64.efi',
  ipxe: 'snponly-arm64.efi',
  ipxeDrivers: 'ipxe-arm64.efi',
} as const satisfies Loader;

/**
 * Boot loaders by client architecture (option 93; IANA "Processor Architecture Types").
 * A machine whose architecture has no row gets an address and no boot file.
 */
export const LOADERS: ReadonlyMap<number, Loader> = new Map<number, Loader>([
  [0, BIOS],
  [6, X86],
  // RFC 4578 and its erratum disagree on which of 7 and 9 is x64; both are in use.
  [7, X64],
  [9, X64],
  [10, ARM32],
  [11, ARM64],
  [15, overHttp(X86)],
  [16, overHttp(X64)],
  [18, overHttp(ARM32)],
  [19, overHttp(ARM64)],
  [20, overHttp(BIOS)],
]);

/** What a machine is taken for whose firmware names no architecture. */
export const DEFAULT_ARCHITECTURE = { bios: 0, uefi: 7 } as const;

/**
 * Firmware that boots from a URL starts with iPXE always: pxelinux.0 speaks TFTP only, and GRUB 2.06
 * ends at its prompt (seen: Debian 12, behind shim 16.1, conductor not on port 80).
 */
function overHttp(loader: Loader): Loader {
  const firmware = `${loader.firmware} HTTP`;
  return { ...loader, firmware, transport: 'http', pxe: loader.ipxe };
}
