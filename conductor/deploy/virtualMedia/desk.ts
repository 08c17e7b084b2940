import type { Logger } from 'pino';
import type { Driver, DriverNode, MediaDevice } from '../../drivers/types.ts';
import { explain, IronpxeError } from '../../errors/error.ts';
import { redactUrl } from '../../images/request.ts';
import { appendEvent } from '../../store/events.ts';
import { updateNode } from '../../store/nodes.ts';
import type { Node } from '../../store/types.ts';
import { createBackground } from '../background.ts';
import type { Conductor, Medium } from '../conductor.ts';
import { machineOf } from '../context.ts';
import { withinTime } from '../power.ts';
import { POWER_FAULT } from '../powerSync/decide.ts';
import type { StepServices } from '../steps/types.ts';
import { publish, unpublish } from './publish.ts';

type DeskOptions = {
  readonly services: StepServices;
  readonly logger: Logger;
  readonly lock: (node: Node) => Promise<AsyncDisposable>;
  readonly signal: AbortSignal;
};

/** What the API asks, and when nothing of it is under way any more. */
export type MediaDesk = Pick<Conductor, 'attachMedia' | 'detachMedia'> & {
  /** Settles when no drive is being changed. */
  readonly settled: () => Promise<void>;
};

/** What is done with the drives of a machine, and how it is told. */
type Change = {
  readonly extension: string;
  readonly kind: 'media.attached' | 'media.detached';
  /** For people, in a few words; without secrets. */
  readonly title: string;
  /** Gives nothing where the driver cannot. */
  readonly of: (driver: Driver) => ((machine: DriverNode) => Promise<void>) | undefined;
};

/** Fills and empties virtual drives by request of the API, in the background with the node locked. */
export function createMediaDesk(options: DeskOptions): MediaDesk {
  const { services, logger } = options;
  const { database, drivers } = services;
  const background = createBackground(logger);

  async function begin(node: Node, change: Change): Promise<void> {
    const { driver, node: machine } = await machineOf(database, drivers, node);
    const apply = change.of(driver);
    if (apply === undefined)
      throw new IronpxeError(
        'UNSUPPORTED_EXTENSION',
        `Driver ${driver.name} does not support ${change.extension} (disabled or not implemented).`,
      );
    driver.validate(machine);
    if (node.maintenance && node.fault === POWER_FAULT)
      throw new IronpxeError(
        'NODE_POWER_FAILURE',
        `Node ${node.uuid} has the fault "${POWER_FAULT}": its virtual drives cannot be changed now.`,
      );
    const lock = await options.lock(node);
    await updateNode(database, node.uuid, { lastError: null });
    background.begin(async () => {
      await using _ = lock;
      await carryOut(services, node, change, () => apply(machine));
    }, 'virtual media were left');
  }

  return {
    attachMedia: (node, medium) =>
      begin(node, {
        extension: 'attach_virtual_media',
        kind: 'media.attached',
        title: `attach ${medium.device} ${redactUrl(medium.imageUrl)}`,
        of: (driver) =>
          driver.insertMedia && ((machine) => attach(options, driver, { node, machine, medium })),
      }),
    detachMedia: (node, devices) =>
      begin(node, {
        extension: 'detach_virtual_media',
        kind: 'media.detached',
        title: `detach ${devices.join(', ')}`,
        of: (driver) =>
          driver.ejectMedia && ((machine) => detach(options, driver, machine, devices)),
      }),
    settled: background.settled,
  };
}

/** Notes what came of it, in the timeline and where users of Ironic look. */
async function carryOut(
  { database }: StepServices,
  { uuid: nodeUuid }: Node,
  { kind, title }: Change,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
    await appendEvent(database, { kind, nodeUuid, message: title });
  } catch (error) {
    const message = `${title} failed: ${explain(error)}`;
    await updateNode(database, nodeUuid, { lastError: message });
    await appendEvent(database, {
      kind: 'media.failed',
      nodeUuid,
      message,
      data: { error: message },
    });
  }
}

async function attach(
  { services, signal }: DeskOptions,
  driver: Driver,
  { node, machine, medium }: { node: Node; machine: DriverNode; medium: Medium },
): Promise<void> {
  const { config } = services;
  const { device, imageUrl } = medium;
  const bmc = URL.parse(driver.endpoint?.(machine) ?? '')?.hostname ?? '';
  const served = medium.serveIt
    ? await publish(services, node, { device, imageUrl, bmc }, signal)
    : undefined;
  try {
    const url = served?.url ?? imageUrl;
    await within(services, signal, async (deadline) =>
      driver.insertMedia?.(machine, { device, imageUrl: url }, { signal: deadline }),
    );
  } catch (error) {
    if (served !== undefined) await unpublish(config, node.uuid, [device]);
    throw error;
  }
  await unpublish(config, node.uuid, [device], served?.file);
}

async function detach(
  { services, signal }: DeskOptions,
  driver: Driver,
  machine: DriverNode,
  devices: readonly MediaDevice[],
): Promise<void> {
  await within(services, signal, async (deadline) =>
    driver.ejectMedia?.(machine, devices, { signal: deadline }),
  );
  await unpublish(services.config, machine.uuid, devices);
}

function within<T>(
  { config }: StepServices,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withinTime(config.deploy.power_timeout_seconds, 'virtual media', signal, work);
}
