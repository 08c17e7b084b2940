import { IronpxeError } from '../../errors/error.ts';
import { listEvents } from '../../store/events.ts';
import { parseDeployRequest } from '../request.ts';
import { recallDeploy, rememberDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';

/**
 * Waits until the node came for its own kernel. A whole-disk image boots without being seen here,
 * so there is nothing to wait for.
 */
export const CONFIRM_BOOT: Step = {
  name: 'confirm_boot',
  title: "Waiting for the machine to boot the user's system",
  async run(context) {
    const { wholeDisk } = parseDeployRequest(await context.node());
    if (wholeDisk) return;
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

/** Whether the node fetched its own kernel after the boot facts were swapped. */
export async function bootSeen(context: StepContext): Promise<boolean> {
  const { swapEventId } = await recallDeploy(context);
  if (swapEventId === undefined) return false;
  const { database } = context.services;
  const events = await listEvents(database, { nodeUuid: context.nodeUuid, afterId: swapEventId });
  return events.some(
    ({ kind, data }) =>
      (kind === 'tftp.done' || kind === 'http.done') && String(data['file']).endsWith('/ramdisk'),
  );
}
