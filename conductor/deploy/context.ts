import type { Logger } from 'pino';
import { driverByName } from '../drivers/registry.ts';
import { appendEvent } from '../store/events.ts';
import { lockNode } from '../store/locks.ts';
import { getNode, transition, updateNode } from '../store/nodes.ts';
import { getOperation, mergeOperationData } from '../store/operations.ts';
import { listPorts } from '../store/ports.ts';
import type { JsonObject, Node, Operation } from '../store/types.ts';
import type { Driver, DriverNode } from '../drivers/types.ts';
import type { Database } from '../store/database.ts';
import { bootModeOf, modelOf } from './hardware.ts';
import type { StepContext, StepServices } from './steps/types.ts';
import type { WakeUps } from './wakeups.ts';

/** The engine's side of a {@link StepContext}: it counts attempts and holds the lock. */
export interface OperationContext extends StepContext, AsyncDisposable {
  attempt: number;
  args: JsonObject;
  /** Locks the node, waiting for as long as it takes; nothing when it is locked already. */
  lock(): Promise<void>;
  /** The same context with a signal of its own, for cleaning up after an abort. */
  detached(): OperationContext;
}

type ContextOptions = {
  readonly services: StepServices;
  readonly owner: string;
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
};

/** The node as drivers see it, with its driver. @throws IronpxeError DRIVER_UNKNOWN */
export async function machineOf(
  database: Database,
  drivers: ReadonlyMap<string, Driver>,
  node: Node,
): Promise<{ driver: Driver; node: DriverNode }> {
  const driver = driverByName(drivers, node.driver);
  const ports = await listPorts(database, { nodeUuid: node.uuid });
  const macs = ports.map(({ address }) => address);
  const { uuid, driverInfo, powerState: lastPowerState } = node;
  const model = modelOf(node);
  const bootMode = bootModeOf(node);
  const powerInterface = node.interfaces['power'];
  return {
    driver,
    node: { uuid, driverInfo, macs, lastPowerState, model, bootMode, powerInterface },
  };
}

/** Makes the context of one run of an operation. */
export function createContext(
  options: ContextOptions,
  operation: Operation,
  signal: AbortSignal,
): OperationContext {
  const { services, wakeUps, owner, logger } = options;
  const { database } = services;
  const { nodeUuid, uuid: operationUuid } = operation;
  let held: AsyncDisposable | undefined;

  const unlock = async () => {
    const lock = held;
    held = undefined;
    await lock?.[Symbol.asyncDispose]();
  };

  const context: OperationContext = {
    services,
    operationUuid,
    nodeUuid,
    verb: operation.verb,
    attempt: 1,
    args: {},
    signal,
    node: () => getNode(database, nodeUuid),
    machine: async () => machineOf(database, services.drivers, await getNode(database, nodeUuid)),
    recall: async () => (await getOperation(database, operationUuid)).data,
    remember: async (patch) => void (await mergeOperationData(database, operationUuid, patch)),
    observe: async (kind, message, data) =>
      void (await appendEvent(database, { kind, message, data, nodeUuid, operationUuid })),
    say: (kind, message, data) =>
      void context
        .observe(kind, message, data)
        .catch((error: unknown) => logger.warn({ err: error }, 'an event was lost')),
    changeState: async (event) =>
      void (await transition(database, nodeUuid, event, { operationUuid })),
    updateNode: async (patch) => void (await updateNode(database, nodeUuid, patch)),
    async lock() {
      held ??= await lockNode(database, nodeUuid, { owner, waitMs: Infinity, signal });
    },
    async unlocked(work) {
      await unlock();
      try {
        return await work();
      } finally {
        if (!signal.aborted) await context.lock();
      }
    },
    async until(look, deadlineMs) {
      for (;;) {
        const seen = wakeUps.count(nodeUuid);
        const found = await look();
        if (found !== undefined || Date.now() >= deadlineMs) return found;
        await wakeUps.next(nodeUuid, seen, deadlineMs - Date.now(), signal);
      }
    },
    detached: () => createContext(options, operation, new AbortController().signal),
    [Symbol.asyncDispose]: unlock,
  };
  return context;
}
