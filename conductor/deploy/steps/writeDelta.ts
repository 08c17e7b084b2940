import { formatBytes, MIB } from '../../values/units.ts';
import { allRanges, cutRanges, dataRanges, extentsIn, lengthOf } from '../plan/content.ts';
import type { Range } from '../plan/ranges.ts';
import { rangeOf } from '../plan/extents.ts';
import type { DiskPlan, Extent } from '../plan/types.ts';
import { compareDisk, differing } from '../ramdisk/compare.ts';
import type { RamdiskCommands } from '../ramdisk/types.ts';
import { PlanDigests } from '../writers/digest.ts';
import { Sources } from '../writers/sources.ts';
import type { StepContext } from './types.ts';

/** What is hashed at first, and the grain at which what differs is found. */
const COARSE_BYTES = 64 * MIB;
const FINE_BYTES = MIB;
const SAMPLES = 32;
/** One in so many samples is hashed first. */
const FIRST_OF = 4;
/** From so much of the sample on, reading the whole disk costs less than it saves. */
const WORTH_IT = 0.25;

type Work = {
  readonly context: StepContext;
  readonly ramdisk: RamdiskCommands;
  readonly digests: PlanDigests;
  readonly signal: AbortSignal;
};

/**
 * The extents that the disk does not hold yet, in the order of the plan. A sample tells first
 * whether a comparison is worth it. What erases the old partition table is always written, and
 * before all else.
 */
export async function missingExtents(
  context: StepContext,
  ramdisk: RamdiskCommands,
  plan: DiskPlan,
  signal: AbortSignal,
): Promise<readonly Extent[]> {
  await using sources = await Sources.open(plan);
  const digests = new PlanDigests(plan.extents, sources);
  const work = { context, ramdisk, digests, signal };
  if (!(await isWorthIt(work, plan.extents))) return plan.extents;
  const coarse = await differing(compare(work, allRanges(plan.extents, COARSE_BYTES)));
  const fine = await differing(compare(work, cutRanges(coarse, FINE_BYTES)));
  const missing = [...fine, ...headOf(plan)];
  const found = extentsIn(plan.extents, missing);
  const total = lengthOf(plan.extents.map(rangeOf));
  const missingBytes = lengthOf(found.map(rangeOf));
  const message = `${formatBytes(total - missingBytes)} of ${formatBytes(total)} stand on the disk already`;
  const data = { kept_bytes: total - missingBytes, missing_bytes: missingBytes };
  await context.observe('write.compared', message, data);
  return found;
}

/** The first MiB makes a disk boot, so it is zero for as long as the rest is not whole. */
function headOf(plan: DiskPlan): readonly Range[] {
  return [{ start: 0, end: Math.min(MIB, plan.diskSizeBytes) }];
}

function compare({ ramdisk, digests, signal }: Work, ranges: readonly Range[]) {
  return compareDisk(ramdisk, digests, ranges, signal);
}

/**
 * Hashes a first few of the sample, and the rest only where any of them was on the disk: a disk that
 * holds something else, as most do, is told by few.
 */
async function isWorthIt(work: Work, extents: readonly Extent[]): Promise<boolean> {
  const sample = sampleOf(dataRanges(extents, FINE_BYTES));
  if (sample.length === 0) return false;
  const few = sample.filter((_, index) => index % FIRST_OF === 0);
  const rest = sample.filter((_, index) => index % FIRST_OF !== 0);
  let sampled = few.length;
  let same = await countSame(work, few);
  if (same > 0) {
    sampled = sample.length;
    same += await countSame(work, rest);
  }
  const isWorth = same >= sampled * WORTH_IT;
  const decision = isWorth ? 'comparing the disk' : 'writing all';
  const message = `${same} of ${sampled} samples are on the disk: ${decision}`;
  await work.context.observe('write.compared', message, { sampled, same });
  return isWorth;
}

async function countSame(work: Work, ranges: readonly Range[]): Promise<number> {
  return ranges.length - (await differing(compare(work, ranges))).length;
}

/** Evenly spread over all. */
function sampleOf(pieces: readonly Range[]): readonly Range[] {
  const step = Math.max(1, pieces.length / SAMPLES);
  return pieces.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
