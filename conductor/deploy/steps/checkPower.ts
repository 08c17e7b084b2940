import { withinTime } from '../power.ts';
import type { Step } from './types.ts';

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
  },
};
