import { KIB, roundUp } from '../values/units.ts';
import type { MapLine } from './qemuImg.ts';
import type { ImageExtent } from './types.ts';

/** All extents begin at multiples of this, so that they fit disks with 4096-byte sectors too. */
export const EXTENT_ALIGNMENT_BYTES = 4096;

/** A hole shorter than this is read as zeros: one longer command is cheaper than three. */
const MIN_HOLE_BYTES = 64 * KIB;

/**
 * The extents of a raw file of `sizeBytes` (a multiple of 512) from its allocation map. Data is
 * rounded outwards, which adds zeros of the file's holes only.
 */
export function rawExtents(map: readonly MapLine[], sizeBytes: number): readonly ImageExtent[] {
  const runs: { start: number; end: number }[] = [];
  for (const line of map.filter((entry) => entry.data && !entry.zero && entry.length > 0)) {
    const start = line.start - (line.start % EXTENT_ALIGNMENT_BYTES);
    const end = Math.min(roundUp(line.start + line.length, EXTENT_ALIGNMENT_BYTES), sizeBytes);
    const last = runs.at(-1);
    if (last && start - last.end < MIN_HOLE_BYTES) last.end = Math.max(last.end, end);
    else runs.push({ start, end });
  }
  const data = runs.map(({ start, end }) => dataExtent(start, end - start, start));
  return fillHoles(data, sizeBytes);
}

/**
 * The extents of a qcow2 file of `sizeBytes` virtual size, or `undefined` when some of its data
 * cannot be read straight from the file: compressed clusters, or clusters smaller than 4096.
 */
export function qcow2Extents(
  map: readonly MapLine[],
  sizeBytes: number,
): readonly ImageExtent[] | undefined {
  const data: DataExtent[] = [];
  for (const line of map.filter((entry) => entry.data && !entry.zero)) {
    const { start, length, offset } = line;
    if (offset === undefined || line.compressed || !isAligned(start, length)) return undefined;
    const last = data.at(-1);
    if (last && last.startBytes + last.lengthBytes === start && fileEnd(last) === offset)
      data[data.length - 1] = { ...last, lengthBytes: last.lengthBytes + length };
    else data.push(dataExtent(start, length, offset));
  }
  return fillHoles(data, sizeBytes);
}

type DataExtent = Extract<ImageExtent, { kind: 'data' }>;

function isAligned(start: number, length: number): boolean {
  return start % EXTENT_ALIGNMENT_BYTES === 0 && length % EXTENT_ALIGNMENT_BYTES === 0;
}

function fileEnd(extent: DataExtent): number {
  return extent.fileOffsetBytes + extent.lengthBytes;
}

function dataExtent(startBytes: number, lengthBytes: number, fileOffsetBytes: number): DataExtent {
  return { kind: 'data', startBytes, lengthBytes, fileOffsetBytes };
}

function fillHoles(data: readonly DataExtent[], sizeBytes: number): readonly ImageExtent[] {
  const all: ImageExtent[] = [];
  let position = 0;
  const zeroUntil = (end: number) => {
    if (end > position)
      all.push({ kind: 'zero', startBytes: position, lengthBytes: end - position });
  };
  for (const extent of data) {
    zeroUntil(extent.startBytes);
    all.push(extent);
    position = extent.startBytes + extent.lengthBytes;
  }
  zeroUntil(sizeBytes);
  return all;
}
