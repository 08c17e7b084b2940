/**
 * Where the bytes of an extent come from. Files are read at `offsetBytes`, `lengthBytes` long; what
 * lies past a file's end (less than 4096 bytes) is zero.
 */
export type ExtentSource =
  | { readonly kind: 'file'; readonly path: string; readonly offsetBytes: number }
  | { readonly kind: 'zero' };

/** A source whose bytes are in a file. */
export type FileSource = Extract<ExtentSource, { readonly kind: 'file' }>;

/** A run of bytes of the target disk and what must stand there afterwards. */
export type Extent = {
  readonly targetOffsetBytes: number;
  readonly lengthBytes: number;
  readonly source: ExtentSource;
};

/** A file that extents refer to, as it was when the plan was made. */
export type SourceFile = {
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly modifiedAtMs: number;
};

/**
 * Everything a deploy writes, as data: JSON-serialisable, so that a killed conductor goes on with
 * the very same plan. Extents are in the order of writing, and aligned to the disk's blocks. Those
 * of `extents` do not overlap each other: first come those that erase old partition tables (the
 * first MiB and the disk's end), then all others by offset. `commit` (a backup GPT if there is one,
 * then the first MiB with the partition table) is written and flushed only after all of `extents`
 * are flushed, so an interrupted deploy never boots.
 */
export type DiskPlan = {
  readonly diskSizeBytes: number;
  readonly extents: readonly Extent[];
  readonly commit: readonly Extent[];
  /** The files that extents refer to; a writer refuses one that has changed. */
  readonly sources?: readonly SourceFile[];
  /** Partition number → place, as in the table; of a whole-disk image only what was added to it. */
  readonly partitions: readonly Partition[];
  /** How the user's system finds its root: `UUID=…` of the root file system, if it has one. */
  readonly rootDevice: string | undefined;
  /** What boots from its own disk: the MBR disk identifier as `0x%08x`. */
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
  /** Writes from buffers of its own, which `fill` fills; taken in place of `write` if there. */
  writeFrom?(offsetBytes: number, lengthBytes: number, fill: Fill): Promise<void>;
  /** Writes a run of a file whose bytes need not pass through us; taken in place of `write` if there. */
  copy?(source: FileSource, targetOffsetBytes: number, lengthBytes: number): Promise<void>;
  read(offsetBytes: number, lengthBytes: number): Promise<Buffer>;
  /** Makes a range read as zero, without sending the zeros where the target can do that. */
  zero(offsetBytes: number, lengthBytes: number): Promise<void>;
  /** All writes that settled before this call are on stable storage when it settles. */
  flush(): Promise<void>;
}

/** Puts the bytes of a run, from its byte `at` on, into `parts`, one after the other. */
export type Fill = (parts: readonly Buffer[], at: number) => Promise<void>;

/** How far a write is. All counts are bytes of the plan, `extents` first and then `commit`. */
export type WriteProgress = {
  /** Bytes of file extents written, of `totalDataBytes`. Zero extents cost no transfer. */
  readonly dataBytes: number;
  readonly totalDataBytes: number;
  /** Bytes of all extents written, of `totalBytes`. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /**
   * Resume point: plan bytes (file and zero, in plan order) that are flushed. A later run with
   * `resumeFromBytes` set to it writes only the rest.
   */
  readonly durableBytes: number;
};
