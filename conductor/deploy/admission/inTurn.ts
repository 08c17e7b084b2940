import type { TargetDisk } from '../plan/types.ts';
import { left, recallDeploy } from '../steps/deployData.ts';
import type { StepContext } from '../steps/types.ts';
import { whileWaiting } from '../steps/whileWaiting.ts';

/**
 * Runs a write when it is its turn. A node whose turn has not come waits unlocked in the wait state
 * of its verb, so that users may abort it; nothing has a deadline there. `work` keeps the turn to
 * its end. @throws the reason of `signal`, and what `work` throws
 */
export async function inTurn<T>(
  context: StepContext,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const { admission } = context.services;
  using turn = new DisposableStack();
  const free = admission?.tryEnter();
  if (free) turn.use(free);
  else if (admission) {
    const { writing, waiting } = admission.queue();
    const message = `${writing} disks are being written, ${waiting} wait before this one`;
    await context.observe('write.queued', message, { writing, waiting });
    await whileWaiting(context, async () => void turn.use(await admission.enter(signal)));
  }
  return await work();
}

/** The node's disk as it may be written on its network. */
export async function pacedDisk(
  context: StepContext,
  disk: TargetDisk & { readonly zeroing?: string },
  signal: AbortSignal,
): Promise<TargetDisk> {
  const { address } = left((await recallDeploy(context)).callback, 'call-back');
  return context.services.admission?.paced(disk, address, signal) ?? disk;
}
