import { ImageToolError } from '../errors/error.ts';
import type { FileKind } from './files.ts';

/** Reads bytes of one file system; short at its end. */
export type ReadBytes = (offsetBytes: number, sizeBytes: number) => Promise<Buffer>;

/** A run of a file's bytes on its file system. */
export type FileExtent = {
  readonly fileOffsetBytes: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** Allocated but never written: reads as zeros. */
  readonly unwritten: boolean;
};

/** A file, folder or link of a file system that is read in user space. */
export type Inode = {
  readonly kind: FileKind;
  readonly sizeBytes: number;
  /** Small content lies in the inode itself. */
  readonly content: { readonly inline: Buffer } | { readonly extents: readonly FileExtent[] };
  /** Blocks may belong to several files, so none may be changed in place. */
  readonly shared: boolean;
};

/** A file system that is read in user space. */
export interface FileTree {
  readonly rootNumber: number;
  /** @throws ImageToolError APPLIANCE_NEEDED for forms that this reader does not know */
  inode(number: number): Promise<Inode>;
  /** Names in a folder and their inode numbers. */
  entries(folder: Inode): Promise<ReadonlyMap<string, number>>;
}

const MAX_EXTENT_BYTES = 2 ** 40;

/** The bytes of a file from `start`, holes and unwritten runs as zeros. */
export async function readContent(
  read: ReadBytes,
  inode: Inode,
  start = 0,
  end: number = inode.sizeBytes,
): Promise<Buffer> {
  if ('inline' in inode.content) return inode.content.inline.subarray(start, end);
  const whole = inode.content.extents.find(
    (extent) => extent.fileOffsetBytes <= start && end <= extent.fileOffsetBytes + extent.sizeBytes,
  );
  if (whole && !whole.unwritten)
    return read(whole.offsetBytes + start - whole.fileOffsetBytes, Math.max(0, end - start));
  const bytes = Buffer.alloc(Math.max(0, end - start));
  for (const extent of inode.content.extents) {
    const from = Math.max(start, extent.fileOffsetBytes);
    const to = Math.min(end, extent.fileOffsetBytes + extent.sizeBytes);
    if (from >= to || extent.unwritten || extent.sizeBytes > MAX_EXTENT_BYTES) continue;
    const part = await read(extent.offsetBytes + from - extent.fileOffsetBytes, to - from);
    part.copy(bytes, from - start);
  }
  return bytes;
}

/** APPLIANCE_NEEDED, with the reason. */
export function needsAppliance(why: string): ImageToolError {
  return new ImageToolError('APPLIANCE_NEEDED', `This image cannot be done in user space: ${why}.`);
}

const S_IFMT = 0o170000;
const KINDS: ReadonlyMap<number, FileKind> = new Map([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'symlink'],
]);

/** What a Unix mode says of the kind of a file. */
export function kindOfMode(mode: number): FileKind {
  return KINDS.get(mode & S_IFMT) ?? 'other';
}
