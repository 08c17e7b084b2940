import { formatBytes } from '../../values/units.ts';
import { inTurn, pacedDisk } from '../admission/inTurn.ts';
import type { DiskPlan, Extent, WriteProgress } from '../plan/types.ts';
import { operationDir } from '../places.ts';
import { loadPlan, savePlan } from '../planFile.ts';
import { holdOn } from '../ramdisk/holdOn.ts';
import { ramdiskOf, sessionOf } from '../ramdisk/link.ts';
import type { RamdiskCommands } from '../ramdisk/types.ts';
import { relayed } from '../relay/relay.ts';
import { writeMode } from '../writeOptions.ts';
import { writePlan } from '../writers/inProcess.ts';
import { openWriteDisk, piecesFor } from '../ramdisk/writeLink.ts';
import { recallDeploy, rememberDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';
import { missingExtents } from './writeDelta.ts';

/** At most one progress event in so many milliseconds. */
const PROGRESS_EVERY_MS = 500;
const CLASSIC = 'classic';

/**
 * Writes all of the plan but its commit. With a ramdisk that takes commands, only what the disk
 * does not hold yet, and zeros are made over there. Goes on after the last durable byte when a
 * restarted conductor comes back, and after a comparison when the machine lost its power.
 */
export const WRITE_DISK: Step = {
  name: 'write_disk',
  title: 'Writing the disk',
  run: (context) =>
    holdOn(context, async (signal) => {
      const planned = await planWrite(context, signal);
      const { durableBytes } = await recallDeploy(context);
      // What is durable counts from the start of the plan, which must stay from then on.
      const rest = durableBytes > 0 ? planned : await relayed(context, planned, signal);
      await inTurn(context, signal, () => write(context, rest, durableBytes, signal));
    }),
};

/** What is still to be written, made once for each ramdisk that called back. */
async function planWrite(context: StepContext, signal: AbortSignal): Promise<DiskPlan> {
  const folder = operationDir(context.services.config, context.operationUuid);
  const data = await recallDeploy(context);
  const plannedFor = data.callback?.nonces?.ramdisk ?? CLASSIC;
  if (data.writePlannedFor === plannedFor) return loadPlan(folder, 'write');
  const plan = await loadPlan(folder);
  const isClassic = sessionOf(data) === undefined;
  const extents = isClassic ? plan.extents : await prepare(context, plan, signal);
  const rest = { ...plan, extents, commit: [] };
  await savePlan(folder, rest, 'write');
  const keptBytes = dataBytes(plan.extents) - dataBytes(extents);
  await rememberDeploy(context, { writePlannedFor: plannedFor, durableBytes: 0, keptBytes });
  return rest;
}

/** Compares where that is wished, and makes zero what must be zero. @returns what is left to send */
async function prepare(
  context: StepContext,
  plan: DiskPlan,
  signal: AbortSignal,
): Promise<readonly Extent[]> {
  const ramdisk = await ramdiskOf(context);
  const isFull = writeMode(await context.node(), context.services.config) === 'full';
  const missing = isFull ? plan.extents : await missingExtents(context, ramdisk, plan, signal);
  const zeros = missing.filter(({ source }) => source.kind === 'zero');
  await makeZero(context, ramdisk, zeros, signal);
  return missing.filter(({ source }) => source.kind === 'file');
}

async function makeZero(
  context: StepContext,
  ramdisk: RamdiskCommands,
  zeros: readonly Extent[],
  signal: AbortSignal,
): Promise<void> {
  const ranges = zeros.map(({ targetOffsetBytes: offsetBytes, lengthBytes }) => ({
    offsetBytes,
    lengthBytes,
  }));
  const bytes: Record<string, number> = {};
  for await (const { index, way } of ramdisk.zero(ranges, { signal }))
    bytes[way] = (bytes[way] ?? 0) + (ranges[index]?.lengthBytes ?? 0);
  const ways = Object.entries(bytes).map(([way, count]) => `${formatBytes(count)} by ${way}`);
  await context.observe('write.zeroed', `made zero: ${ways.join(', ') || 'nothing'}`, bytes);
}

function dataBytes(extents: readonly Extent[]): number {
  return extents.reduce(
    (sum, { source, lengthBytes }) => sum + (source.kind === 'file' ? lengthBytes : 0),
    0,
  );
}

/** Writes a plan (or parts of one) with progress, and adds up what was sent. */
export async function write(
  context: StepContext,
  plan: DiskPlan,
  resumeFromBytes: number,
  signal: AbortSignal,
): Promise<void> {
  if (plan.extents.length + plan.commit.length === 0) return;
  await using disk = await openWriteDisk(context, signal);
  const report = createReporter(context);
  const progress = writePlan(plan, await pacedDisk(context, disk, signal), {
    resumeFromBytes,
    ...piecesFor(context.services.config),
    signal,
  });
  for await (const step of progress) await report(step, disk.sentBytes);
  const { sentBytes } = await recallDeploy(context);
  await rememberDeploy(context, { sentBytes: sentBytes + disk.sentBytes });
  await context.observe('write.done', `${formatBytes(disk.sentBytes)} sent`, {
    sent_bytes: disk.sentBytes,
  });
}

function createReporter(context: StepContext) {
  const beganAtMs = performance.now();
  let saidAtMs = -Infinity;
  let durable = -1;
  return async (progress: WriteProgress, sentBytes: number): Promise<void> => {
    if (progress.durableBytes !== durable) {
      durable = progress.durableBytes;
      await rememberDeploy(context, { durableBytes: durable });
    }
    const nowMs = performance.now();
    const { doneBytes, totalBytes } = progress;
    if (nowMs - saidAtMs < PROGRESS_EVERY_MS && doneBytes < totalBytes) return;
    saidAtMs = nowMs;
    const elapsedSeconds = (nowMs - beganAtMs) / 1000;
    await context.observe(
      'write.progress',
      `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
      {
        done_bytes: doneBytes,
        total_bytes: totalBytes,
        sent_bytes: sentBytes,
        rate_bytes_per_second: Math.round(sentBytes / Math.max(elapsedSeconds, 0.001)),
      },
    );
  };
}
