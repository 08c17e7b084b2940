import { IronpxeError } from '../../errors/error.ts';
import { rememberDeploy, recallDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';

/** After a restart the ramdisk gets at least so long to repeat its call. */
const GRACE_AFTER_RESTART_MS = 60_000;

/** Waits, with the node unlocked, for the ramdisk's POST to `pass_deploy_info`. */
export const WAIT_CALL_BACK: Step = {
  name: 'wait_call_back',
  title: 'Waiting for the deploy ramdisk',
  async run(context) {
    if ((await context.node()).provisionState === 'deploying') await context.changeState('wait');
    const deadlineMs = await deadline(context);
    const callback = await context.unlocked(() =>
      context.until(async () => (await recallDeploy(context)).callback, deadlineMs),
    );
    if (callback === undefined)
      throw new IronpxeError(
        'CALLBACK_TIMEOUT',
        `Timeout reached while waiting for callback for node ${context.nodeUuid}.`,
      );
    if (callback.error !== undefined) throw new IronpxeError('RAMDISK_ERROR', callback.error);
    await context.changeState('resume');
  },
};

async function deadline(context: StepContext): Promise<number> {
  const { callbackDeadlineMs } = await recallDeploy(context);
  const { callback_timeout_seconds: timeoutSeconds } = context.services.config.deploy;
  if (callbackDeadlineMs !== undefined)
    return Math.max(callbackDeadlineMs, Date.now() + GRACE_AFTER_RESTART_MS);
  const deadlineMs = Date.now() + timeoutSeconds * 1000;
  await rememberDeploy(context, { callbackDeadlineMs: deadlineMs });
  return deadlineMs;
}
