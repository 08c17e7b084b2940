import { STATES } from '../../states/index.ts';
import type { StepContext } from './types.ts';

/**
 * Runs `work` in the wait state of the verb and with the node unlocked, so that users may abort it.
 * A restarted conductor comes here in either state; what `work` throws comes out in the working one.
 */
export async function whileWaiting<T>(context: StepContext, work: () => Promise<T>): Promise<T> {
  if (!(await isWaiting(context))) await context.changeState('wait');
  try {
    return await context.unlocked(work);
  } finally {
    if (!context.signal.aborted) await context.changeState('resume');
  }
}

async function isWaiting(context: StepContext): Promise<boolean> {
  const { provisionState } = await context.node();
  return STATES[provisionState].kind === 'waiting';
}
