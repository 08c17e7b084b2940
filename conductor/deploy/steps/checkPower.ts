import { IronpxeError } from '../../errors/error.ts';
import { withinTime } from '../power.ts';
import type { Step, StepContext } from './types.ts';

/** Reads the power state through the driver: proof that the machine can be switched at all. */
export const CHECK_POWER: Step = {
  name: 'check_power',
  title: 'Reading the power state',
  async run(context) {
    const { driver, node } = await context.machine();
    driver.validate(node);
    const { power_timeout_seconds: timeoutSeconds } = context.services.config.deploy;
    const powerState = await withinTime(timeoutSeconds, 'an answer', context.signal, (signal) =>
      driver.powerState(node, { signal }),
    );
    await context.updateNode({ powerState, targetPowerState: null });
    await noteModel(context);
  },
};

/** Stores what the machine is. Nothing depends on it, so a BMC that does not tell is no failure. */
async function noteModel(context: StepContext): Promise<void> {
  const { driver, node } = await context.machine();
  const { power_timeout_seconds: timeoutSeconds } = context.services.config.deploy;
  const model = await withinTime(timeoutSeconds, 'an answer', context.signal, async (signal) =>
    driver.model?.(node, { signal }),
  ).catch((error: unknown) => {
    if (!(error instanceof IronpxeError)) throw error;
    return undefined;
  });
  if (model === undefined) return;
  const { driverInternalInfo } = await context.node();
  await context.updateNode({ driverInternalInfo: { ...driverInternalInfo, model } });
}
