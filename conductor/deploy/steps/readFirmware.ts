import { explain, IronpxeError } from '../../errors/error.ts';
import { putFirmwareVersions } from '../../store/firmwareComponents.ts';
import { withinTime } from '../power.ts';
import type { Step } from './types.ts';

/** The firmware interface of nodes whose firmware nobody shall look at. */
const NO_FIRMWARE = 'no-firmware';

/**
 * Notes the versions of the machine's firmware, where its driver can read them. Nothing depends on
 * them, so a BMC that does not tell is no failure.
 */
export const READ_FIRMWARE: Step = {
  name: 'read_firmware',
  title: "Reading the firmware's versions",
  async run(context) {
    const { driver, node } = await context.machine();
    const { interfaces } = await context.node();
    const { firmware: read } = driver;
    if (read === undefined || interfaces['firmware'] === NO_FIRMWARE) return;
    const { database, config } = context.services;
    const { power_timeout_seconds: timeoutSeconds } = config.deploy;
    try {
      const found = await withinTime(timeoutSeconds, 'an answer', context.signal, (signal) =>
        read(node, { signal }),
      );
      const changed = await putFirmwareVersions(database, context.nodeUuid, found);
      if (changed.length === 0) return;
      const message = changed.map(({ component, version }) => `${component} ${version}`).join(', ');
      await context.observe('firmware.read', message, { components: changed });
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof IronpxeError)) throw error;
      await context.observe('firmware.read', `not told: ${explain(error)}`);
    }
  },
};
