import { open, type FileHandle } from 'node:fs/promises';
import type { ImageExtent } from './types.ts';

type Readable = { readonly path: string; readonly extents: readonly ImageExtent[] };

/**
 * Copies the content from `startBytes` to `endBytes` of an image into `target`, at the same
 * offsets there. Meant for heads and tails of a few MiB.
 */
export async function copyContent(
  image: Readable,
  startBytes: number,
  endBytes: number,
  target: FileHandle,
): Promise<void> {
  await using source = await open(image.path);
  for (const extent of image.extents) {
    const start = Math.max(extent.startBytes, startBytes);
    const end = Math.min(extent.startBytes + extent.lengthBytes, endBytes);
    if (extent.kind === 'zero' || start >= end) continue;
    const fileOffset = extent.fileOffsetBytes + start - extent.startBytes;
    const { buffer, bytesRead } = await source.read(
      Buffer.alloc(end - start),
      0,
      end - start,
      fileOffset,
    );
    await target.write(buffer, 0, bytesRead, start);
  }
}
