import type { Logger } from 'pino';
import type { PowerTarget } from '../drivers/types.ts';
import { explain } from '../errors/error.ts';
import { appendEvent } from '../store/events.ts';
import { updateNode } from '../store/nodes.ts';
import type { Node } from '../store/types.ts';
import { machineOf } from './context.ts';
import { stateAfter, withinTime } from './power.ts';
import type { StepServices } from './steps/types.ts';

type PowerSwitchOptions = {
  readonly services: StepServices;
  readonly logger: Logger;
  readonly lock: (node: Node) => Promise<AsyncDisposable>;
  readonly signal: AbortSignal;
};

/** Switches machines by request of the API, in the background and with the node locked. */
export function createPowerSwitch(options: PowerSwitchOptions) {
  const { services, logger } = options;
  const running = new Set<Promise<void>>();

  return {
    /** Checks and begins; what goes wrong later stands in `last_error`. */
    async begin(node: Node, target: PowerTarget): Promise<void> {
      const machine = await machineOf(services.database, services.drivers, node);
      machine.driver.validate(machine.node);
      const lock = await options.lock(node);
      const patch = { targetPowerState: stateAfter(target), lastError: null };
      await updateNode(services.database, node.uuid, patch);
      const work = switchAndNote(options, node, target)
        .catch((error: unknown) => logger.error({ err: error }, 'a power change was left'))
        .then(() => lock[Symbol.asyncDispose]())
        .finally(() => running.delete(work));
      running.add(work);
    },
    /** Settles when nothing is being switched. */
    async settled(): Promise<void> {
      await Promise.allSettled(running);
    },
  };
}

async function switchAndNote(
  options: PowerSwitchOptions,
  node: Node,
  target: PowerTarget,
): Promise<void> {
  const { services, signal } = options;
  const { database, config } = services;
  const { driver, node: machine } = await machineOf(database, services.drivers, node);
  try {
    await withinTime(config.deploy.power_timeout_seconds, target, signal, (within) =>
      driver.setPower(machine, target, { signal: within }),
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
