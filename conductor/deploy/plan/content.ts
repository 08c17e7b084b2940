import { MIB } from '../../values/units.ts';
import { rangeOf, sliceExtent } from './extents.ts';
import { intersect, mergeRanges, type Range, subtractRanges } from './ranges.ts';
import type { Extent } from './types.ts';

/** Zeros between two pieces of data that are read along with them: fewer, longer ranges. */
const JOINED_GAP_BYTES = MIB;
/** Of zeros that are not read, so much at both ends of at most so many runs. */
const SAMPLE_BYTES = 64 * 1024;
const SAMPLED_RUNS = 256;

/** Every byte that the extents say something of, in ranges of at most `limit` bytes. */
export function allRanges(extents: readonly Extent[], limit: number): readonly Range[] {
  return cutRanges(mergeRanges(extents.map(rangeOf)), limit);
}

/** The data, with what short zeros stand in between, in ranges of at most `limit` bytes. */
export function dataRanges(extents: readonly Extent[], limit: number): readonly Range[] {
  const isLong = ({ source, lengthBytes }: Extent) =>
    source.kind === 'zero' && lengthBytes >= JOINED_GAP_BYTES;
  const longZeros = extents.filter(isLong).map(rangeOf);
  const data = mergeRanges(extents.filter(({ source }) => source.kind === 'file').map(rangeOf));
  const runs = subtractRanges(extents.map(rangeOf), longZeros);
  const withData = runs.filter((run) => data.some((range) => intersect(run, range)));
  return cutRanges(withData, limit);
}

/** Both ends of long runs of zeros, a sample of what `dataRanges` leaves out. */
export function zeroSamples(extents: readonly Extent[]): readonly Range[] {
  const zeros = mergeRanges(
    extents.filter(({ source }) => source.kind === 'zero').map(rangeOf),
  ).filter(({ start, end }) => end - start >= JOINED_GAP_BYTES);
  const step = Math.max(1, Math.ceil(zeros.length / SAMPLED_RUNS));
  return zeros
    .filter((_, index) => index % step === 0)
    .flatMap(({ start, end }) => [
      { start, end: start + SAMPLE_BYTES },
      { start: end - SAMPLE_BYTES, end },
    ]);
}

/** The parts of extents, in their order, that lie in `ranges`. */
export function extentsIn(extents: readonly Extent[], ranges: readonly Range[]): readonly Extent[] {
  const wanted = mergeRanges(ranges);
  return extents.flatMap((extent) =>
    wanted.flatMap((range) => {
      const common = intersect(rangeOf(extent), range);
      return common ? [sliceExtent(extent, common)] : [];
    }),
  );
}

/** The same bytes in pieces that end at multiples of `limit`. */
export function cutRanges(ranges: readonly Range[], limit: number): readonly Range[] {
  return ranges.flatMap(({ start, end }) => {
    const pieces: Range[] = [];
    for (let at = start; at < end;) {
      const next = Math.min(end, (Math.floor(at / limit) + 1) * limit);
      pieces.push({ start: at, end: next });
      at = next;
    }
    return pieces;
  });
}

/** How many bytes the ranges have. */
export function lengthOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}
