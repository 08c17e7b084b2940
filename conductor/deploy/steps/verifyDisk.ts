import { IronpxeError } from '../../errors/error.ts';
import { formatBytes, MIB } from '../../values/units.ts';
import { allRanges, dataRanges, extentsIn, lengthOf, zeroSamples } from '../plan/content.ts';
import { mergeRanges, type Range } from '../plan/ranges.ts';
import type { DiskPlan, Extent } from '../plan/types.ts';
import { operationDir } from '../places.ts';
import { loadPlan, saveJson } from '../planFile.ts';
import { compareDisk } from '../ramdisk/compare.ts';
import { holdOn } from '../ramdisk/holdOn.ts';
import { ramdiskOf, sessionOf } from '../ramdisk/link.ts';
import type { DiskDigest } from '../receipt.ts';
import { PlanDigests } from '../writers/digest.ts';
import { Sources } from '../writers/sources.ts';
import { type VerifyMode, verifyMode } from '../writeOptions.ts';
import { recallDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';
import { write } from './writeDisk.ts';

export const DIGESTS_FILE = 'digests.json';
const RANGE_BYTES = 64 * MIB;
const MAX_REWRITES = 2;
/** Of ranges that stay wrong, so many are named. */
const NAMED = 5;
const PROGRESS_EVERY_MS = 1000;

/**
 * Has the ramdisk read the disk back past all caches before anything on it can boot. What differs
 * is written again, twice at most. A classic ramdisk cannot do that, so nothing is verified there.
 */
export const VERIFY_DISK: Step = {
  name: 'verify_disk',
  title: 'Reading the disk back',
  async run(context) {
    const { config } = context.services;
    const folder = operationDir(config, context.operationUuid);
    const mode = verifyMode(await context.node(), config);
    const canVerify = sessionOf(await recallDeploy(context)) !== undefined;
    if (!canVerify || mode === 'off') return saveJson(folder, DIGESTS_FILE, []);
    const plan = await loadPlan(folder);
    const ranges = rangesFor(plan.extents, mode);
    const digests = await holdOn(context, (signal) => verify(context, plan, ranges, signal));
    await saveJson(folder, DIGESTS_FILE, digests);
  },
};

function rangesFor(extents: readonly Extent[], mode: Exclude<VerifyMode, 'off'>): readonly Range[] {
  if (mode === 'full') return allRanges(extents, RANGE_BYTES);
  return [...dataRanges(extents, RANGE_BYTES), ...zeroSamples(extents)];
}

/**
 * Compares ranges of the disk with the plan's extents, and writes again what differs.
 * @throws IronpxeError VERIFY_FAILED
 */
export async function verify(
  context: StepContext,
  plan: DiskPlan,
  ranges: readonly Range[],
  signal: AbortSignal,
): Promise<readonly DiskDigest[]> {
  await using sources = await Sources.open(plan);
  const digests = new PlanDigests(plan.extents, sources);
  const good: DiskDigest[] = [];
  let rest = ranges;
  for (let rewrites = 0; ; rewrites++) {
    const bad: Range[] = [];
    const report = createReporter(context, lengthOf(ranges));
    const compared = compareDisk(await ramdiskOf(context), digests, rest, signal);
    for await (const { range, found, expected } of compared) {
      if (found === expected) good.push({ ...range, sha256: found });
      else bad.push(range);
      await report(lengthOf(good));
    }
    if (bad.length === 0) return good;
    if (rewrites >= MAX_REWRITES) throw failed(bad);
    await context.observe('verify.mismatch', `differs, and is written again: ${named(bad)}`, {
      ranges: bad.length,
      bytes: lengthOf(bad),
    });
    await write(context, { ...plan, extents: extentsIn(plan.extents, bad), commit: [] }, 0, signal);
    rest = bad;
  }
}

function createReporter(context: StepContext, totalBytes: number) {
  let saidAtMs = -Infinity;
  return async (doneBytes: number): Promise<void> => {
    if (performance.now() - saidAtMs < PROGRESS_EVERY_MS && doneBytes < totalBytes) return;
    saidAtMs = performance.now();
    const message = `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)} read back`;
    const data = { done_bytes: doneBytes, total_bytes: totalBytes };
    await context.observe('verify.progress', message, data);
  };
}

function failed(bad: readonly Range[]): IronpxeError {
  const message = `After ${MAX_REWRITES + 1} writes the disk still returns something else in ${named(bad)}.`;
  return new IronpxeError('VERIFY_FAILED', message);
}

/** `bytes 0 to 1048576, …`, the first few. */
export function named(ranges: readonly Range[]): string {
  const merged = mergeRanges(ranges);
  const texts = merged.slice(0, NAMED).map(({ start, end }) => `bytes ${start} to ${end}`);
  const more = merged.length - texts.length;
  return [...texts, ...(more > 0 ? [`${more} more ranges`] : [])].join(', ');
}
