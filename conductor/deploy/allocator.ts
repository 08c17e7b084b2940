import type { Logger } from 'pino';
import { explain, hasCode, IronpxeError } from '../errors/error.ts';
import {
  type Allocation,
  ALLOCATIONS,
  assignNode,
  failAllocation,
  freeNodes,
  hasTraits,
  pendingAllocations,
} from '../store/allocations.ts';
import type { Database } from '../store/database.ts';
import { getNode } from '../store/nodes.ts';
import { getRecord } from '../store/records.ts';
import { listTraits } from '../store/traits.ts';
import type { Node } from '../store/types.ts';
import { createBackground } from './background.ts';

type AllocatorOptions = {
  readonly database: Database;
  readonly logger: Logger;
  /** Reserves a node, waiting out short work. @throws NODE_LOCKED */
  readonly lock: (node: Node) => Promise<AsyncDisposable>;
  readonly signal: AbortSignal;
};

/** Finds nodes for allocations, in the background; what a killed conductor left is taken up again. */
export function createAllocator(options: AllocatorOptions) {
  const { database, logger, lock } = options;
  const background = createBackground(logger);
  const begin = (uuid: string) =>
    background.begin(() => allocate(options, uuid), 'an allocation was left');
  return {
    begin,
    /** Gives an allocation the node that it names. @throws ALLOCATION_FAILED, NODE_ASSOCIATED */
    async backfill(uuid: string, node: Node): Promise<void> {
      const allocation = await getRecord(database, ALLOCATIONS, uuid);
      try {
        await using _ = await lock(node);
        const fresh = await getNode(database, node.uuid);
        await checkBackfill(database, allocation, fresh);
        await assignNode(database, allocation, fresh);
      } catch (error) {
        await failAllocation(database, uuid, explain(error));
        throw error;
      }
    },
    async resume(): Promise<void> {
      for (const uuid of await pendingAllocations(database)) begin(uuid);
    },
    /** Settles when no search is running. */
    settled: background.settled,
  };
}

async function allocate(options: AllocatorOptions, uuid: string): Promise<void> {
  const { database, signal } = options;
  const allocation = await getRecord(database, ALLOCATIONS, uuid);
  try {
    for (const nodeUuid of await candidates(database, allocation))
      if (await tryNode(options, allocation, nodeUuid)) return;
    throw failed(allocation, 'all nodes were filtered out during reservation');
  } catch (error) {
    // A stopping conductor leaves the search to the next one.
    if (signal.aborted) return;
    await failAllocation(database, uuid, explain(error));
  }
}

/** The nodes to try: at random, so that allocations side by side do not all want the first one. */
async function candidates(database: Database, allocation: Allocation): Promise<string[]> {
  const free = await freeNodes(database, allocation);
  if (free.length === 0) throw failed(allocation, nothingFree(allocation));
  const fitting: string[] = [];
  for (const { uuid } of free)
    if (await hasTraits(database, uuid, allocation.traits)) fitting.push(uuid);
  if (fitting.length === 0)
    throw failed(
      allocation,
      `no suitable nodes have the requested traits ${allocation.traits.join(', ')}`,
    );
  const namesake = free.find(({ name }) => name !== null && name === allocation.name)?.uuid;
  return shuffled(fitting).toSorted((a, b) => Number(b === namesake) - Number(a === namesake));
}

function nothingFree({ candidateNodes, resourceClass }: Allocation): string {
  return candidateNodes.length > 0
    ? `none of the requested nodes are available and match the resource class ${resourceClass}`
    : `no available nodes match the resource class ${resourceClass}`;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Reserves a node if it still fits once it is locked. */
async function tryNode(
  { database, lock }: AllocatorOptions,
  allocation: Allocation,
  nodeUuid: string,
): Promise<boolean> {
  try {
    await using _ = await lock(await getNode(database, nodeUuid));
    const still = await freeNodes(database, { ...allocation, candidateNodes: [nodeUuid] });
    if (still.length === 0 || !(await hasTraits(database, nodeUuid, allocation.traits)))
      return false;
    await assignNode(database, allocation, await getNode(database, nodeUuid));
    return true;
  } catch (error) {
    if (hasCode(error, 'NODE_LOCKED', 'NODE_ASSOCIATED', 'NODE_NOT_FOUND')) return false;
    throw error;
  }
}

async function checkBackfill(
  database: Database,
  allocation: Allocation,
  node: Node,
): Promise<void> {
  const { resourceClass, traits, candidateNodes } = allocation;
  const faults = [
    node.provisionState !== 'active' && `the node must be active, but is "${node.provisionState}"`,
    resourceClass !== null &&
      resourceClass !== node.resourceClass &&
      `its resource class ${node.resourceClass} is not ${resourceClass}`,
    !(await hasTraits(database, node.uuid, traits)) &&
      `its traits ${(await listTraits(database, node.uuid)).join(', ')} lack some of ${traits.join(', ')}`,
    candidateNodes.length > 0 &&
      !candidateNodes.includes(node.uuid) &&
      'it is none of the candidate nodes',
  ].filter((fault) => fault !== false);
  if (faults.length > 0)
    throw failed(allocation, `cannot backfill with node ${node.uuid}: ${faults.join('; ')}`);
}

function failed({ uuid }: Allocation, reason: string): IronpxeError {
  return new IronpxeError('ALLOCATION_FAILED', `Failed to process allocation ${uuid}: ${reason}.`);
}
