import { IronpxeError } from '../../errors/error.ts';
import type { DiskPlan, Extent, TargetDisk, WriteProgress } from '../plan/types.ts';
import { PlanWriter, type WriteOptions } from './planWriter.ts';

export type { WriteOptions } from './planWriter.ts';
import { Sources } from './sources.ts';

/**
 * Writes a plan to a disk: first the zeros that erase old partition tables, then all other
 * extents, then the commit, each flushed before the next begins. A lost and re-made session (flush
 * fails with ISCSI_SESSION_LOST_BEFORE_FLUSH) sends it back to the last durable point. Progress
 * comes as fast as it is taken, the newest state each time; whoever stops taking it stops the write.
 * After an abort writes may still be in flight until the caller closes the disk.
 * @throws IronpxeError WRITE_DISK_CHANGED, WRITE_SOURCE_CHANGED, WRITE_NO_PROGRESS, and what the
 *   disk throws
 */
export async function* writePlan(
  plan: DiskPlan,
  disk: TargetDisk,
  options: WriteOptions = {},
): AsyncGenerator<WriteProgress, void, void> {
  checkDisk(plan, disk);
  await using sources = await Sources.open(plan);
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal ? [options.signal] : [])]);
  const writer = new PlanWriter(plan, disk, sources, { ...options, signal });
  const result = orAborted(writer.writeAll(), signal);
  const state = { ended: false };
  const end = () => {
    state.ended = true;
    writer.changes.notify();
  };
  void result.then(end, end);
  try {
    for (let change = writer.changes.next(); !state.ended; change = writer.changes.next()) {
      await change;
      yield writer.progress();
    }
    await result;
    yield writer.progress();
  } finally {
    stop.abort();
  }
}

function checkDisk(plan: DiskPlan, disk: TargetDisk): void {
  const { diskSizeBytes, extents, commit } = plan;
  const block = disk.blockSizeBytes;
  const aligned = ({ targetOffsetBytes, lengthBytes }: Extent) =>
    targetOffsetBytes % block === 0 && lengthBytes % block === 0;
  if (disk.sizeBytes === diskSizeBytes && [...extents, ...commit].every(aligned)) return;
  throw new IronpxeError(
    'WRITE_DISK_CHANGED',
    `The disk has ${disk.sizeBytes} bytes in blocks of ${block}, the plan was made for ` +
      `${diskSizeBytes} bytes and, it may be, other blocks.`,
  );
}

/** A write that hangs in the disk must not keep an abort from ending. */
async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
