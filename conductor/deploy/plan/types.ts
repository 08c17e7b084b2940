/** Where the bytes of an extent come from. Files are read at `offsetBytes`, `lengthBytes` long. */
export type ExtentSource =
  | { readonly kind: 'file'; readonly path: string; readonly offsetBytes: number }
  | { readonly kind: 'zero' };

/** A run of bytes of the target disk and what must stand there afterwards. */
export type Extent = {
  readonly targetOffsetBytes: number;
  readonly lengthBytes: number;
  readonly source: ExtentSource;
};

/**
 * Everything a deploy writes, as data: JSON-serialisable, so that a killed conductor goes on with
 * the very same plan. Extents do not overlap, are in the order of writing, and are aligned to 512.
 * `commit` (the first MiB with the partition table) is written and flushed only after all of
 * `extents` are flushed, so an interrupted deploy never boots.
 */
export type DiskPlan = {
  readonly diskSizeBytes: number;
  readonly extents: readonly Extent[];
  readonly commit: readonly Extent[];
  /** Partition number → place, as in the partition table; empty for a whole-disk image. */
  readonly partitions: readonly Partition[];
  /** How the user's system finds its root: `UUID=…` of the root file system, if it has one. */
  readonly rootDevice: string | undefined;
  /** Whole-disk images: the MBR disk identifier as `0x%08x`. */
  readonly diskIdentifier: string | undefined;
};

export type Partition = {
  readonly number: number;
  readonly role: 'efi' | 'bios_grub' | 'ephemeral' | 'swap' | 'configdrive' | 'root';
  readonly offsetBytes: number;
  readonly lengthBytes: number;
};

/**
 * A disk that can be written: an iSCSI session, or a file in tests. Offsets and lengths are
 * multiples of `blockSizeBytes`. Calls may overlap; each promise settles when that I/O did.
 */
export interface TargetDisk {
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  write(offsetBytes: number, data: Uint8Array): Promise<void>;
  read(offsetBytes: number, lengthBytes: number): Promise<Buffer>;
  /** Makes a range read as zero, without sending the zeros where the target can do that. */
  zero(offsetBytes: number, lengthBytes: number): Promise<void>;
  /** All writes that settled before this call are on stable storage when it settles. */
  flush(): Promise<void>;
}

/** How far a write is. `dataBytes` counts file extents only; zero extents cost no transfer. */
export type WriteProgress = {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /**
   * Resume point: plan bytes (file and zero, in plan order) that are flushed. A later run with
   * `resumeFromBytes` set to it writes only the rest.
   */
  readonly durableBytes: number;
};
