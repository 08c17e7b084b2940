import type { Logger } from 'pino';
import type { Driver, DriverNode, PowerTarget, SoftPowerTarget } from '../drivers/types.ts';
import type { Config } from '../config/schema.ts';
import { explain, IronpxeError } from '../errors/error.ts';
import { appendEvent } from '../store/events.ts';
import { updateNode } from '../store/nodes.ts';
import type { Node } from '../store/types.ts';
import { forgetAgent } from './agentReports.ts';
import { createBackground } from './background.ts';
import { machineOf } from './context.ts';
import { powerTimeoutOf, stateAfter, switchFamily, withinTime } from './power.ts';
import type { StepServices } from './steps/types.ts';

type PowerSwitchOptions = {
  readonly services: StepServices;
  readonly logger: Logger;
  readonly lock: (node: Node) => Promise<AsyncDisposable>;
  readonly signal: AbortSignal;
};

/** A power change that the API asked for. */
export type PowerChange = {
  readonly target: PowerTarget | SoftPowerTarget;
  /** How long it may take, in place of the configured time. */
  readonly timeoutSeconds?: number | undefined;
};

/** Switches machines by request of the API, in the background and with the node locked. */
export function createPowerSwitch(options: PowerSwitchOptions) {
  const { services, logger } = options;
  const background = createBackground(logger);

  return {
    /** Checks and begins; what goes wrong later stands in `last_error`. */
    async begin(node: Node, change: PowerChange): Promise<void> {
      const machine = await machineOf(services.database, services.drivers, node);
      machine.driver.validate(machine.node);
      const lock = await options.lock(node);
      const patch = { targetPowerState: stateAfter(change.target), lastError: null };
      await updateNode(services.database, node.uuid, patch);
      background.begin(async () => {
        await using _ = lock;
        await switchAndNote(options, node, change);
      }, 'a power change was left');
    },
    /** Settles when nothing is being switched. */
    settled: background.settled,
  };
}

async function switchAndNote(
  options: PowerSwitchOptions,
  node: Node,
  change: PowerChange,
): Promise<void> {
  const { services, signal } = options;
  const { target } = change;
  const { database, config } = services;
  const { driver, node: machine } = await machineOf(database, services.drivers, node);
  if (target !== 'power on') await forgetAgent(database, node.uuid);
  try {
    await switchFamily(services, node, target, signal);
    await withinTime(timeoutOf(driver, config, change), target, signal, (within) =>
      carryOut(driver, machine, target, within),
    );
  } catch (error) {
    await updateNode(database, node.uuid, { targetPowerState: null, lastError: explain(error) });
    const message = `${target} failed: ${explain(error)}`;
    await appendEvent(database, { kind: 'power.changed', nodeUuid: node.uuid, message });
    return;
  }
  await updateNode(database, node.uuid, { powerState: stateAfter(target), targetPowerState: null });
  const data = { target };
  await appendEvent(database, {
    kind: 'power.changed',
    nodeUuid: node.uuid,
    message: target,
    data,
  });
}

function isSoft(target: PowerTarget | SoftPowerTarget): target is SoftPowerTarget {
  return target === 'soft power off' || target === 'soft rebooting';
}

function timeoutOf(driver: Driver, config: Config, change: PowerChange): number {
  const usual = isSoft(change.target)
    ? config.power.soft_timeout_seconds
    : powerTimeoutOf(driver, config);
  return change.timeoutSeconds ?? usual;
}

async function carryOut(
  driver: Driver,
  node: DriverNode,
  target: PowerTarget | SoftPowerTarget,
  signal: AbortSignal,
): Promise<void> {
  if (!isSoft(target)) return driver.setPower(node, target, { signal });
  if (driver.softPower === undefined)
    throw new IronpxeError('DRIVER_RESET_UNSUPPORTED', `Driver ${driver.name} has no "${target}".`);
  return driver.softPower(node, target, { signal });
}
