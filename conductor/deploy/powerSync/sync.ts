import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { hasCode } from '../../errors/error.ts';
import { driverByName } from '../../drivers/registry.ts';
import { getNode, listNodes } from '../../store/nodes.ts';
import { unfinishedOperations } from '../../store/operations.ts';
import type { Node } from '../../store/types.ts';
import { machineOf } from '../context.ts';
import type { StepServices } from '../steps/types.ts';
import { isIdle, nextLookMs, type SyncRules } from './decide.ts';
import { lookAt } from './look.ts';
import { createPlaces } from './places.ts';

/** Settings of the power sync. */
export type PowerSyncOptions = {
  readonly services: StepServices;
  readonly logger: Logger;
  /** Locks a node without waiting. @throws IronpxeError NODE_LOCKED */
  readonly lockNow: (node: Node) => Promise<AsyncDisposable>;
  readonly signal: AbortSignal;
};

/** Keeps the power states of nodes in step with their machines. */
export type PowerSync = {
  /** Begins to look, in the background, until the signal aborts; not when the interval is 0. */
  start(): void;
  /** Looks at every node whose time has come; resolves when all but slow machines have answered. */
  sweep(): Promise<void>;
  /** Settles when no look is under way; after the signal aborted, for ever. */
  settled(): Promise<void>;
};

type Due = { readonly node: Node; readonly endpoint: string };
/** What is remembered of a node between looks; a restarted conductor begins anew. */
type Memory = { failures: number; nextAtMs: number };

/** A look that takes longer does not keep the others waiting. */
const SLOW_AFTER_MS = 5000;
/** How often it is seen whose time has come. */
const SWEEP_EVERY_MS = 5000;

/** Makes the power sync; it does nothing until `start` or `sweep`. */
export function createPowerSync(options: PowerSyncOptions): PowerSync {
  const { services, signal, logger } = options;
  const { power } = services.config;
  const rules: SyncRules = {
    intervalMs: power.sync_interval_seconds * 1000,
    maxFailures: power.sync_max_failures,
    forced: power.force_during_sync,
    recoveryIntervalMs: power.recovery_interval_seconds * 1000,
  };
  const places = createPlaces(power.sync_workers, SLOW_AFTER_MS);
  const memories = new Map<string, Memory>();
  const busy = new Set<string>();
  const running = new Set<Promise<void>>();

  async function look({ node, endpoint }: Due): Promise<void> {
    const memory = memories.get(node.uuid) ?? { failures: 0, nextAtMs: 0 };
    memories.set(node.uuid, memory);
    try {
      memory.failures = await lookAt(options, rules, node, memory.failures);
      const fresh = await getNode(services.database, node.uuid);
      memory.nextAtMs = Date.now() + nextLookMs(fresh, memory.failures, rules);
    } finally {
      busy.delete(endpoint);
    }
  }

  /** Runs in the background until it ends; what goes wrong is logged. */
  function follow(work: Promise<void>): Promise<void> {
    const followed = work
      .catch((error: unknown) => {
        if (!signal.aborted) logger.warn({ err: error }, 'power sync');
      })
      .finally(() => running.delete(followed));
    running.add(followed);
    return followed;
  }

  async function sweep(): Promise<void> {
    const begun: Promise<void>[] = [];
    for (const due of await dueNodes(services, memories)) {
      // One look at a time for each BMC; the next node behind it has its turn in the next sweep.
      if (busy.has(due.endpoint)) continue;
      busy.add(due.endpoint);
      begun.push(places.run(() => follow(look(due)), signal));
    }
    await Promise.all(begun);
  }

  return {
    sweep,
    start() {
      if (rules.intervalMs > 0) void follow(sweepForEver(sweep, rules.intervalMs, signal));
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

async function sweepForEver(
  sweep: () => Promise<void>,
  firstAfterMs: number,
  signal: AbortSignal,
): Promise<void> {
  await delay(firstAfterMs, undefined, { signal });
  for (;;) {
    await sweep();
    await delay(SWEEP_EVERY_MS, undefined, { signal });
  }
}

/** The nodes whose time has come and that nobody works on; those that answered last time first. */
async function dueNodes(services: StepServices, memories: Map<string, Memory>): Promise<Due[]> {
  const { database, drivers } = services;
  const nodes = await listNodes(database);
  const uuids = new Set(nodes.map(({ uuid }) => uuid));
  for (const uuid of memories.keys()) if (!uuids.has(uuid)) memories.delete(uuid);
  const atWork = new Set((await unfinishedOperations(database)).map(({ nodeUuid }) => nodeUuid));
  const failuresOf = ({ uuid }: Node) => memories.get(uuid)?.failures ?? 0;
  const candidates = nodes
    .filter((node) => isIdle(node) && !atWork.has(node.uuid) && drivers.has(node.driver))
    .filter(({ uuid }) => (memories.get(uuid)?.nextAtMs ?? 0) <= Date.now())
    .filter((node) => driverByName(drivers, node.driver).powerSync !== false)
    .toSorted((a, b) => failuresOf(a) - failuresOf(b));
  return Promise.all(
    candidates.map(async (node) => ({ node, endpoint: await endpointOf(services, node) })),
  );
}

/** What the node is switched through; the node itself where the driver does not say or cannot. */
async function endpointOf({ database, drivers }: StepServices, node: Node): Promise<string> {
  const { driver, node: machine } = await machineOf(database, drivers, node);
  try {
    return driver.endpoint?.(machine) ?? node.uuid;
  } catch (error) {
    if (hasCode(error, 'DRIVER_INFO_INVALID')) return node.uuid;
    throw error;
  }
}
