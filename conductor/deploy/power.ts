import type { PowerState, PowerTarget } from '../drivers/types.ts';
import { IronpxeError } from '../errors/error.ts';
import type { StepContext } from './steps/types.ts';

/** The state in which a switch ends. */
export function stateAfter(target: PowerTarget): PowerState {
  return target === 'power off' ? 'power off' : 'power on';
}

/**
 * Switches the machine of an operation, within the configured time, and notes its new state.
 * @throws IronpxeError POWER_TIMEOUT, and what the driver throws
 */
export async function switchPower(context: StepContext, target: PowerTarget): Promise<void> {
  const { driver, node } = await context.machine();
  const timeoutSeconds = context.services.config.deploy.power_timeout_seconds;
  await withinTime(timeoutSeconds, target, context.signal, (signal) =>
    driver.setPower(node, target, { signal }),
  );
  await context.updateNode({ powerState: stateAfter(target), targetPowerState: null });
  await context.observe('power.changed', target, { target });
}

/** Runs `work` with a signal that aborts after `timeoutSeconds` or with `signal`. */
export async function withinTime<T>(
  timeoutSeconds: number,
  target: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    return await work(AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (!timeout.aborted || signal.aborted) throw error;
    const message = `The machine did not reach "${target}" within ${timeoutSeconds} s.`;
    throw new IronpxeError('POWER_TIMEOUT', message, { cause: error });
  }
}
