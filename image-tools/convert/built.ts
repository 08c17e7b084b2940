import type { FileFacts, HashedExtent } from './checksums.ts';
import type { Layout } from '../inspect/layout.ts';
import type { FoundSystem } from '../inspect/system.ts';
import type { Change } from './edits.ts';

/** Where a build puts its parts. */
export type BuildTarget = {
  readonly kernel: string;
  readonly ramdisk: string;
  /** For the root and all that is temporary. */
  readonly workDir: string;
};

/** What came of looking into the image and changing its root. */
export type Built = {
  readonly layout: Layout;
  readonly system: FoundSystem;
  readonly changes: readonly Change[];
  /** The file with the root's partition, changed and cut to its size, and its data. */
  readonly rootPath: string;
  readonly rootBytes: number;
  readonly data: readonly HashedExtent[];
  readonly kernel: FileFacts;
  readonly ramdisk: FileFacts;
};
