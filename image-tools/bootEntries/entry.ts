/** One bootable entry of an image, whichever boot loader reads it. */
export type BootEntry = {
  /** File name without `.conf`, or the place in grub.cfg. */
  readonly id: string;
  readonly title: string;
  readonly version: string;
  /** Paths as written: relative to the partition of /boot, or starting with /boot. */
  readonly linux: string;
  readonly initrds: readonly string[];
  /** The kernel line as written, variables and all. */
  readonly options: string;
};
