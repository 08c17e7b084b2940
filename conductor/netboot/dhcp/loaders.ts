/** The boot files that firmware of one kind is given, as names in the virtual tree. */
export type Loader = {
  /** What the machine is, for people. */
  readonly firmware: string;
  /** For nodes that boot through pxelinux (or its like) and TFTP. */
  readonly pxe: string;
  /** For nodes that boot through iPXE and HTTP, where the firmware is not iPXE itself. */
  readonly ipxe: string;
};

/**
 * Boot loaders by client architecture (option 93; IANA "Processor Architecture Types").
 * A machine whose architecture has no row gets an address and no boot file.
 */
export const LOADERS: ReadonlyMap<number, Loader> = new Map([
  [0, { firmware: 'BIOS', pxe: 'pxelinux.0', ipxe: 'undionly.kpxe' }],
]);
