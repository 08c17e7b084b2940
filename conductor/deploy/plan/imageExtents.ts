import type { ImageFacts } from '../../images/types.ts';
import { roundUp } from '../../values/units.ts';
import { fileExtent, zeroExtent } from './extents.ts';
import type { Extent } from './types.ts';

/**
 * The extents that put an image at `offsetBytes` of a disk. Its end is filled up to a whole block:
 * what a raw file lacks reads as zero, and a qcow2 file's clusters are whole blocks.
 */
export function imageExtents(
  image: ImageFacts,
  offsetBytes: number,
  blockSizeBytes: number,
): readonly Extent[] {
  return image.extents.map((extent) => {
    const start = offsetBytes + extent.startBytes;
    const end = start + roundUp(extent.lengthBytes, blockSizeBytes);
    if (extent.kind === 'zero') return zeroExtent({ start, end });
    return fileExtent({ start, end }, image.path, extent.fileOffsetBytes);
  });
}
