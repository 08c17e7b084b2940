import type { Driver, PowerState, PowerTarget, SoftPowerTarget } from '../drivers/types.ts';
import { IronpxeError } from '../errors/error.ts';
import type { Config } from '../config/schema.ts';
import { forgetAgent } from './agentReports.ts';
import type { StepContext } from './steps/types.ts';

/** The state in which a switch ends. */
export function stateAfter(target: PowerTarget | SoftPowerTarget): PowerState {
  return target === 'power off' || target === 'soft power off' ? 'power off' : 'power on';
}

/**
 * Switches the machine of an operation, within the configured time, and notes its new state.
 * @throws IronpxeError POWER_TIMEOUT, and what the driver throws
 */
export async function switchPower(context: StepContext, target: PowerTarget): Promise<void> {
  const { driver, node } = await context.machine();
  const timeoutSeconds = powerTimeoutOf(driver, context.services.config);
  if (target !== 'power on') await forgetAgent(context.services.database, context.nodeUuid);
  await withinTime(timeoutSeconds, target, context.signal, (signal) =>
    driver.setPower(node, target, { signal }),
  );
  await context.updateNode({ powerState: stateAfter(target), targetPowerState: null });
  await context.observe('power.changed', target, { target });
}

/** How long switching may take: people take longer than the configured time. */
export function powerTimeoutOf(
  driver: Pick<Driver, 'powerTimeoutSeconds'>,
  { deploy }: Pick<Config, 'deploy'>,
): number {
  return driver.powerTimeoutSeconds ?? deploy.power_timeout_seconds;
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
