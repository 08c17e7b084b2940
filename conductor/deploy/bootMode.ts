import type { Driver, DriverNode } from '../drivers/types.ts';
import { IronpxeError } from '../errors/error.ts';
import { appendEvent } from '../store/events.ts';
import { updateNode } from '../store/nodes.ts';
import type { Node, NodePatch } from '../store/types.ts';
import type { Conductor } from './conductor.ts';
import { machineOf } from './context.ts';
import type { StepServices } from './steps/types.ts';

type BootModeOptions = {
  readonly services: StepServices;
  readonly lock: (node: Node) => Promise<AsyncDisposable>;
  readonly withDeadline: <T>(what: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
};

/** How the firmware starts a machine, as far as its driver can change that. */
export function createBootModes(
  options: BootModeOptions,
): Pick<Conductor, 'setBootMode' | 'setSecureBoot'> {
  const change = (node: Node, patch: NodePatch, what: string, apply: Apply) =>
    changeFirmware(options, node, { patch, what, apply });
  return {
    setBootMode: (node, mode) =>
      change(node, { bootMode: mode }, 'boot_mode', (driver, machine, signal) =>
        driver.setBootMode?.(machine, mode, { signal }),
      ),
    setSecureBoot: (node, on) =>
      change(node, { secureBoot: on }, 'secure_boot', (driver, machine, signal) =>
        driver.setSecureBoot?.(machine, on, { signal }),
      ),
  };
}

/** Does nothing and gives `undefined` when the driver cannot. */
type Apply = (
  driver: Driver,
  machine: DriverNode,
  signal: AbortSignal,
) => Promise<void> | undefined;

async function changeFirmware(
  { services, lock, withDeadline }: BootModeOptions,
  node: Node,
  change: { readonly patch: NodePatch; readonly what: string; readonly apply: Apply },
): Promise<void> {
  const { database, drivers } = services;
  await using _ = await lock(node);
  const { driver, node: machine } = await machineOf(database, drivers, node);
  await withDeadline(change.what, async (signal) => {
    const work = change.apply(driver, machine, signal);
    if (work === undefined)
      throw new IronpxeError(
        'BOOT_MODE_UNSUPPORTED',
        `Driver ${driver.name} does not support set_${change.what} (disabled or not implemented).`,
      );
    await work;
  });
  await updateNode(database, node.uuid, change.patch);
  await appendEvent(database, {
    kind: 'node.updated',
    nodeUuid: node.uuid,
    message: `firmware: ${change.what} set`,
    data: { paths: [`/${change.what}`] },
  });
}
