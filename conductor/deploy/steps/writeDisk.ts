import { formatBytes, MIB } from '../../values/units.ts';
import type { WriteProgress } from '../plan/types.ts';
import { loadPlan } from '../planFile.ts';
import { operationDir } from '../places.ts';
import { writePlan } from '../writers/inProcess.ts';
import { recallDeploy, rememberDeploy } from './deployData.ts';
import { openNodeDisk } from './disk.ts';
import type { Step, StepContext } from './types.ts';

/** At most one progress event in so many milliseconds. */
const PROGRESS_EVERY_MS = 500;

/** Writes the plan, going on after the last durable byte when a restarted conductor comes back. */
export const WRITE_DISK: Step = {
  name: 'write_disk',
  title: 'Writing the disk',
  async run(context) {
    const { config } = context.services;
    const plan = await loadPlan(operationDir(config, context.operationUuid));
    const { durableBytes } = await recallDeploy(context);
    await using disk = await openNodeDisk(context);
    const report = createReporter(context);
    const progress = writePlan(plan, disk, {
      resumeFromBytes: durableBytes,
      inFlightBytes: config.iscsi.in_flight_mib * MIB,
      signal: context.signal,
    });
    for await (const step of progress) await report(step, disk.sentBytes);
    await context.observe('write.done', `${formatBytes(disk.sentBytes)} sent`, {
      sent_bytes: disk.sentBytes,
    });
  },
};

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
