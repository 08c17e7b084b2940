import { IronpxeError } from '../../errors/error.ts';
import { nextPlace } from '../../states/index.ts';
import { rememberDeploy, recallDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';

/** After a restart the ramdisk gets at least so long to repeat its call. */
const GRACE_AFTER_RESTART_MS = 60_000;

/** Waits, with the node unlocked, for the ramdisk's POST to `pass_deploy_info`. */
export const WAIT_CALL_BACK: Step = {
  name: 'wait_call_back',
  title: 'Waiting for the deploy ramdisk',
  async run(context) {
    const { state, targetState } = await placeOf(context);
    if (nextPlace({ state, targetState }, 'wait')) await context.changeState('wait');
    const deadlineMs = await callBackDeadline(context);
    const callback = await context.unlocked(() =>
      context.until(async () => (await recallDeploy(context)).callback, deadlineMs),
    );
    if (callback === undefined)
      throw new IronpxeError(
        'CALLBACK_TIMEOUT',
        `Timeout reached while waiting for callback for node ${context.nodeUuid}.`,
      );
    if (callback.error !== undefined) throw new IronpxeError('RAMDISK_ERROR', callback.error);
    if (callback.nonces === undefined) await takeClassic(context, callback.address);
    await context.changeState('resume');
  },
};

async function placeOf(context: StepContext) {
  const { provisionState: state, targetProvisionState: targetState } = await context.node();
  return { state, targetState };
}

/** Its disk is open to whoever reaches it, and it tells nothing about what is on it. */
async function takeClassic(context: StepContext, address: string): Promise<void> {
  const message = `the ramdisk at ${address} is a classic one: the deploy is not authenticated`;
  if (context.services.config.iscsi.require_authentication)
    throw new IronpxeError(
      'RAMDISK_CLASSIC',
      `${message}, and iscsi.require_authentication is set.`,
    );
  await context.observe('ramdisk.classic', message, { address });
}

/** How long the way from power on to the call-back may take, by what the ramdisk is booted for. */
function timeoutOf({ verb, services: { config } }: StepContext): number {
  if (verb === 'inspect') return config.inspect.callback_timeout_seconds;
  const isDeploy = verb === 'deploy' || verb === 'rebuild';
  return (isDeploy ? config.deploy : config.clean).callback_timeout_seconds;
}

/** Until when the ramdisk may call back, milliseconds since the epoch; the same for all who ask. */
export async function callBackDeadline(context: StepContext): Promise<number> {
  const { callbackDeadlineMs } = await recallDeploy(context);
  const timeoutSeconds = timeoutOf(context);
  if (callbackDeadlineMs !== undefined && context.attempt > 1)
    return Math.max(callbackDeadlineMs, Date.now() + GRACE_AFTER_RESTART_MS);
  if (callbackDeadlineMs !== undefined) return callbackDeadlineMs;
  const deadlineMs = Date.now() + timeoutSeconds * 1000;
  await rememberDeploy(context, { callbackDeadlineMs: deadlineMs });
  return deadlineMs;
}
