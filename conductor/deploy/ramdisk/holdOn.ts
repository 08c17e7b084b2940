import { setInterval } from 'node:timers/promises';
import { explain, hasCode, IronpxeError } from '../../errors/error.ts';
import { STATES } from '../../states/index.ts';
import { recallDeploy, rememberDeploy } from '../steps/deployData.ts';
import { START_RAMDISK } from '../steps/startRamdisk.ts';
import type { StepContext } from '../steps/types.ts';
import { WAIT_CALL_BACK } from '../steps/waitCallBack.ts';

/** A machine that loses its power again and again does not get its disk written. */
const MAX_RESTARTS = 3;
const LOOK_EVERY_MS = 1000;

/**
 * Runs work that talks to the ramdisk, and once more when the machine lost it in the meantime (a
 * power cut, a reset): then the machine is booted into the ramdisk again unless it came by itself.
 * `work` must be able to go on from what it finds. Only for ramdisks that take commands.
 * @throws IronpxeError RAMDISK_REBOOTED after the third loss, and what `work` throws
 */
export async function holdOn<T>(
  context: StepContext,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (let restarts = 0; ; restarts++) {
    await comeBack(context);
    const nonce = await nonceOf(context);
    try {
      return await whileSame(context, nonce, work);
    } catch (error) {
      context.signal.throwIfAborted();
      const cameBack = (await nonceOf(context)) !== nonce;
      if (nonce === undefined || !(cameBack || isLoss(error))) throw error;
      if (restarts >= MAX_RESTARTS) throw tooOften(error);
      await context.observe('ramdisk.rebooted', explain(error));
      if (!cameBack) await rememberDeploy(context, { callback: undefined });
      await rememberDeploy(context, { callbackDeadlineMs: undefined });
    }
  }
}

/** Boots the ramdisk when it is not there, also for a conductor that was killed while doing so. */
async function comeBack(context: StepContext): Promise<void> {
  const { callback } = await recallDeploy(context);
  const { provisionState } = await context.node();
  const isWaiting = STATES[provisionState].kind === 'waiting';
  if (callback === undefined && !isWaiting) await START_RAMDISK.run(context);
  if (callback === undefined || isWaiting) await WAIT_CALL_BACK.run(context);
}

async function nonceOf(context: StepContext): Promise<string | undefined> {
  return (await recallDeploy(context)).callback?.nonces?.ramdisk;
}

/** Runs `work` and ends it once another ramdisk than that of `nonce` has called back. */
async function whileSame<T>(
  context: StepContext,
  nonce: string | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const replaced = new AbortController();
  const done = new AbortController();
  const watch = async () => {
    const signal = AbortSignal.any([done.signal, context.signal]);
    for await (const _ of setInterval(LOOK_EVERY_MS, undefined, { signal }))
      if ((await nonceOf(context)) !== nonce)
        return replaced.abort(new IronpxeError('RAMDISK_REBOOTED', 'The machine started again.'));
  };
  const watching = watch().catch(() => {});
  try {
    return await work(AbortSignal.any([context.signal, replaced.signal]));
  } finally {
    done.abort();
    await watching;
  }
}

function isLoss(error: unknown): boolean {
  return hasCode(
    error,
    'ISCSI_TARGET_LOST',
    'ISCSI_CONNECT_FAILED',
    'ISCSI_CONNECT_TIMED_OUT',
    'ISCSI_CONNECTION_LOST',
    'RAMDISK_UNREACHABLE',
    'RAMDISK_REBOOTED',
  );
}

function tooOften(cause: unknown): IronpxeError {
  const message = `The machine lost its ramdisk ${MAX_RESTARTS + 1} times: ${explain(cause)}`;
  return new IronpxeError('RAMDISK_REBOOTED', message, { cause });
}
