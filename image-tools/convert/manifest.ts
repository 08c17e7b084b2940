import type { BootEntry } from '../bootEntries/entry.ts';
import type { KernelOptions } from '../bootEntries/kernelOptions.ts';
import type { OsRelease } from '../root/osRelease.ts';
import type { HashedExtent } from './checksums.ts';
import type { Change } from './edits.ts';

export const MANIFEST_FORMAT = 'atomic-to-pxe/1';

export type OutputFile = {
  /** Name in the folder of the manifest. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Of the whole file; left out of a base when only its data was hashed. */
  readonly sha256?: string | undefined;
  /** Only when asked for. */
  readonly md5?: string | undefined;
};

export type BaseFile = OutputFile & {
  readonly format: 'raw' | 'qcow2';
  /** What the node's root partition holds once this is written to it. */
  readonly content: 'lvm-physical-volume' | 'file-system';
  readonly fileSystem: string;
  readonly virtualSizeBytes: number;
  /** Bytes of the virtual disk that hold data; the rest reads as zeros. */
  readonly allocatedBytes: number;
  /** Each run of data, of at most 16 MiB, in bytes of the virtual disk, and its SHA-256. */
  readonly extents: readonly HashedExtent[];
};

/** NAME.json: all that registering the image, or deploying it without Glance, needs. */
export type Manifest = {
  readonly format: typeof MANIFEST_FORMAT;
  readonly name: string;
  /** Same key: same input and options, so the same output. */
  readonly key: string;
  readonly source: {
    readonly file: string;
    readonly format: 'qcow2' | 'raw';
    readonly virtualSizeBytes: number;
    readonly partitionTable: 'mbr' | 'gpt';
    readonly rootPartition: number;
  };
  readonly os: OsRelease | undefined;
  readonly kernelVersion: string;
  readonly ostree:
    | { readonly osName: string; readonly checksum: string; readonly serial: number }
    | undefined;
  readonly lvm: { readonly group: string; readonly volume: string } | undefined;
  readonly boot: KernelOptions & {
    /** `root=…` and the rest, as one kernel line. */
    readonly line: string;
    readonly entry: Pick<BootEntry, 'id' | 'title' | 'version'> & { readonly number: number };
    readonly entries: readonly string[];
  };
  readonly kernel: OutputFile;
  readonly ramdisk: OutputFile;
  readonly base: BaseFile;
  readonly changes: readonly Change[];
};
