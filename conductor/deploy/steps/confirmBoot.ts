import { IronpxeError } from '../../errors/error.ts';
import { listEvents } from '../../store/events.ts';
import type { TimelineEvent } from '../../store/types.ts';
import { parseDeployRequest } from '../request.ts';
import { recallDeploy, rememberDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';

/**
 * Waits until the node came for its own kernel. What starts from the disk boots without being seen
 * here, so there is nothing to wait for.
 */
export const CONFIRM_BOOT: Step = {
  name: 'confirm_boot',
  title: "Waiting for the machine to boot the user's system",
  async run(context) {
    const { bootsFromDisk } = parseDeployRequest(await context.node());
    if (bootsFromDisk) return;
    const { boot_timeout_seconds: timeoutSeconds } = context.services.config.deploy;
    const { bootDeadlineMs = Date.now() + timeoutSeconds * 1000 } = await recallDeploy(context);
    await rememberDeploy(context, { bootDeadlineMs });
    const seen = await context.until(
      async () => ((await bootSeen(context)) ? true : undefined),
      bootDeadlineMs,
    );
    if (seen === undefined)
      throw new IronpxeError(
        'BOOT_NOT_SEEN',
        `Node ${context.nodeUuid} did not fetch its kernel within ${timeoutSeconds} s of its release.`,
      );
  },
};

/** Whether the node fetched its own ramdisk after the boot facts were swapped. */
export async function bootSeen(context: StepContext): Promise<boolean> {
  const fetched = await fetchesSinceSwap(context);
  return fetched.some(
    ({ kind, data }) => kind.endsWith('.done') && String(data['file']).endsWith('/ramdisk'),
  );
}

/** Whether the node's firmware came back after the swap: the deploy ramdisk itself fetches nothing. */
export async function rebootSeen(context: StepContext): Promise<boolean> {
  return (await fetchesSinceSwap(context)).length > 0;
}

async function fetchesSinceSwap(context: StepContext): Promise<TimelineEvent[]> {
  const { swapEventId } = await recallDeploy(context);
  if (swapEventId === undefined) return [];
  const { database } = context.services;
  const events = await listEvents(database, { nodeUuid: context.nodeUuid, afterId: swapEventId });
  return events.filter(({ kind }) => kind.startsWith('tftp.') || kind.startsWith('http.'));
}
