import { createHash } from 'node:crypto';
import { sep } from 'node:path';
import { MIB } from '../../values/units.ts';
import { cutRanges, dataRanges, extentsIn } from '../plan/content.ts';
import { joinExtents, rangeOf } from '../plan/extents.ts';
import { mergeRanges, type Range, subtractRanges } from '../plan/ranges.ts';
import type { DiskPlan, Extent } from '../plan/types.ts';

/** What is fetched as one range: a minute must do for it on a slow network. */
const RANGE_BYTES = 16 * MIB;

/**
 * The name of what a plan has in common with those of other machines: the same runs of the same
 * files at the same places of the disk. Files below `ownFolder` are made for one deploy only.
 * `undefined` when nothing is shared.
 */
export function sharedContent(plan: DiskPlan, ownFolder: string): string | undefined {
  const runs = sharedExtents(plan.extents, ownFolder).filter(
    ({ source }) => source.kind === 'file',
  );
  if (runs.length === 0) return undefined;
  const files = (plan.sources ?? []).filter(({ path }) => !isBelow(path, ownFolder));
  return createHash('sha256')
    .update(JSON.stringify([files, runs]))
    .digest('hex');
}

/**
 * The ranges to fetch in place of `missing`: shared data with the short zeros in between, without
 * what the other machine has already replaced by its partition table.
 */
export function fetchRanges(
  plan: DiskPlan,
  ownFolder: string,
  missing: readonly Extent[],
): readonly Range[] {
  const shared = joinExtents(sharedExtents(plan.extents, ownFolder));
  const data = subtractRanges(dataRanges(shared, RANGE_BYTES), plan.commit.map(rangeOf));
  return touching(cutRanges(data, RANGE_BYTES), mergeRanges(missing.map(rangeOf)));
}

/** Those of sorted `ranges` that have something in common with sorted `others`. */
function touching(ranges: readonly Range[], others: readonly Range[]): readonly Range[] {
  let next = 0;
  return ranges.filter(({ start, end }) => {
    while ((others[next]?.end ?? Infinity) <= start) next++;
    return (others[next]?.start ?? Infinity) < end;
  });
}

/** What of `missing` is not in `done`. */
export function leftOf(missing: readonly Extent[], done: readonly Range[]): readonly Extent[] {
  return extentsIn(missing, subtractRanges(missing.map(rangeOf), done));
}

/** Zeros are everybody's. */
function sharedExtents(extents: readonly Extent[], ownFolder: string): readonly Extent[] {
  return extents.filter(({ source }) => source.kind === 'zero' || !isBelow(source.path, ownFolder));
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder + sep);
}
