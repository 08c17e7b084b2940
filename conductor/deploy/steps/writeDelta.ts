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

async function isWorthIt(work: Work, extents: readonly Extent[]): Promise<boolean> {
  const pieces = dataRanges(extents, FINE_BYTES);
  const step = Math.max(1, pieces.length / SAMPLES);
  const sample = Array.from(
    { length: Math.min(SAMPLES, pieces.length) },
    (_, index) => pieces[Math.floor(index * step)],
  ).filter((piece) => piece !== undefined);
  if (sample.length === 0) return false;
  const { length: differ } = await differing(compare(work, sample));
  const same = sample.length - differ;
  const data = { sampled: sample.length, same };
  const isWorth = same >= sample.length * WORTH_IT;
  const decision = isWorth ? 'comparing the disk' : 'writing all';
  const message = `${same} of ${sample.length} samples are on the disk: ${decision}`;
  await work.context.observe('write.compared', message, data);
  return isWorth;
}
