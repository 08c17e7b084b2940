import { needsAppliance, type Inode } from '../filesystems/tree.ts';
import type { TreeFiles } from '../filesystems/treeFiles.ts';
import type { ByteRange } from '../values/bytes.ts';

/** Bytes that take the place of as many others. */
export type Patch = { readonly offsetBytes: number; readonly bytes: Buffer };

/**
 * Gives a file new content of the same size, where it lies on the disk.
 * @throws ImageToolError APPLIANCE_NEEDED when its blocks are shared, missing or not yet written
 */
export type ReplaceBytes = (path: string, bytes: Buffer) => Promise<void>;

/**
 * What to write over so that a file has new content of the same size. Neither ext4 nor XFS has
 * checksums over file data, so nothing else changes. Offsets count from the partition, in which the
 * file system lies at `range`.
 * @throws ImageToolError APPLIANCE_NEEDED
 */
export async function replacement(
  files: TreeFiles,
  range: ByteRange,
  path: string,
  bytes: Buffer,
): Promise<Patch[]> {
  const inode = await files.inode(path);
  if (inode?.kind !== 'file' || inode.sizeBytes !== bytes.length)
    throw new Error(`${path} has not the size of its new content`);
  return writtenRuns(path, inode).map(({ from, to, offsetBytes }) => ({
    offsetBytes: range.offsetBytes + offsetBytes,
    bytes: bytes.subarray(from, to),
  }));
}

type Run = { readonly from: number; readonly to: number; readonly offsetBytes: number };

function writtenRuns(path: string, inode: Inode): Run[] {
  if (inode.shared) throw needsAppliance(`${path} may share its blocks with other files (reflink)`);
  if ('inline' in inode.content) throw needsAppliance(`${path} lies in its inode`);
  const runs: Run[] = [];
  let at = 0;
  for (const extent of inode.content.extents) {
    const to = Math.min(inode.sizeBytes, extent.fileOffsetBytes + extent.sizeBytes);
    if (to <= at) continue;
    if (extent.unwritten || extent.fileOffsetBytes !== at)
      throw needsAppliance(`${path} has holes or blocks that were never written`);
    runs.push({ from: at, to, offsetBytes: extent.offsetBytes });
    at = to;
  }
  if (at < inode.sizeBytes) throw needsAppliance(`${path} has holes`);
  return runs;
}
