import { mergeRanges, subtractRanges, type Range } from './ranges.ts';
import type { Extent } from './types.ts';

/** The bytes of the disk that an extent covers. */
export function rangeOf(extent: Extent): Range {
  const { targetOffsetBytes: start, lengthBytes } = extent;
  return { start, end: start + lengthBytes };
}

/** An extent that must read as zero. */
export function zeroExtent({ start, end }: Range): Extent {
  return { targetOffsetBytes: start, lengthBytes: end - start, source: { kind: 'zero' } };
}

/** An extent whose bytes are in `path` at `offsetBytes`. */
export function fileExtent(range: Range, path: string, offsetBytes: number): Extent {
  const { start, end } = range;
  const source = { kind: 'file', path, offsetBytes } as const;
  return { targetOffsetBytes: start, lengthBytes: end - start, source };
}

/** The part of an extent that lies in `range`, which must be inside it. */
export function sliceExtent(extent: Extent, range: Range): Extent {
  const { source } = extent;
  if (source.kind === 'zero') return zeroExtent(range);
  return fileExtent(
    range,
    source.path,
    source.offsetBytes + range.start - extent.targetOffsetBytes,
  );
}

/** The extents without the bytes in `taken`; `extents` must be sorted and must not overlap. */
export function subtractFromExtents(
  extents: readonly Extent[],
  taken: readonly Range[],
): readonly Extent[] {
  return extents.flatMap((extent) =>
    subtractRanges([rangeOf(extent)], taken).map((range) => sliceExtent(extent, range)),
  );
}

/** Sorted by offset, and joined where two follow each other on the disk and in their source. */
export function joinExtents(extents: readonly Extent[]): readonly Extent[] {
  const joined: Extent[] = [];
  for (const extent of extents.toSorted((a, b) => a.targetOffsetBytes - b.targetOffsetBytes)) {
    const last = joined.at(-1);
    if (last && follows(last, extent))
      joined[joined.length - 1] = { ...last, lengthBytes: last.lengthBytes + extent.lengthBytes };
    else joined.push(extent);
  }
  return joined;
}

function follows(last: Extent, next: Extent): boolean {
  if (rangeOf(last).end !== next.targetOffsetBytes) return false;
  if (last.source.kind === 'zero' || next.source.kind === 'zero')
    return last.source.kind === next.source.kind;
  const continued = last.source.offsetBytes + last.lengthBytes;
  return last.source.path === next.source.path && continued === next.source.offsetBytes;
}

/** Whatever `wishes` want to be zero and `contents` do not cover, as extents. */
export function zerosAround(
  wishes: readonly Range[],
  contents: readonly Extent[],
): readonly Extent[] {
  return subtractRanges(mergeRanges(wishes), contents.map(rangeOf)).map(zeroExtent);
}
