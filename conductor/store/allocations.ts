import { sql } from 'kysely';
import { IronpxeError } from '../errors/error.ts';
import { type Database, inTransaction } from './database.ts';
import { appendEvent } from './events.ts';
import { getNode, updateNode } from './nodes.ts';
import { deleteRecord, getRecord, type RecordKind, type Stored, updateRecord } from './records.ts';
import { listTraits } from './traits.ts';
import type { JsonObject, Node } from './types.ts';

export const ALLOCATION_STATES = ['allocating', 'active', 'error'] as const;

/** A wish for a node of some kind; `active` once a node is reserved for it. */
export type Allocation = Stored & {
  readonly name: string | null;
  readonly state: (typeof ALLOCATION_STATES)[number];
  readonly lastError: string | null;
  readonly resourceClass: string | null;
  readonly traits: readonly string[];
  /** UUIDs of the nodes it may have; any when empty. */
  readonly candidateNodes: readonly string[];
  readonly nodeUuid: string | null;
  /** The project whose nodes it may have; any when null. */
  readonly owner: string | null;
  readonly extra: JsonObject;
};

export const ALLOCATIONS: RecordKind<Allocation> = {
  table: 'allocations',
  noun: 'Allocation',
  json: ['traits', 'candidateNodes', 'extra'],
  booleans: [],
  notFound: 'RECORD_NOT_FOUND',
  exists: 'RECORD_EXISTS',
  nameColumn: 'name',
};

/** The allocations that still look for a node, oldest first. */
export async function pendingAllocations(database: Database): Promise<string[]> {
  const rows = await database
    .selectFrom('allocations')
    .select('uuid')
    .where('state', '=', 'allocating')
    .orderBy(sql`rowid`)
    .execute();
  return rows.map(({ uuid }) => uuid);
}

/** The nodes that an allocation may have now, of its resource class and free; traits not looked at. */
export async function freeNodes(
  database: Database,
  allocation: Allocation,
): Promise<{ readonly uuid: string; readonly name: string | null }[]> {
  let select = database
    .selectFrom('nodes')
    .select(['uuid', 'name'])
    .where('resourceClass', '=', allocation.resourceClass ?? '')
    .where('provisionState', '=', 'available')
    .where('instanceUuid', 'is', null)
    .where('powerState', 'is not', null)
    .where('maintenance', '=', 0)
    .where('parentNode', 'is', null);
  if (allocation.candidateNodes.length > 0)
    select = select.where('uuid', 'in', allocation.candidateNodes);
  const { owner } = allocation;
  if (owner !== null)
    select = select.where((eb) => eb.or([eb('owner', '=', owner), eb('lessee', '=', owner)]));
  return select.execute();
}

/** Whether a node has all the traits that an allocation asks for. */
export async function hasTraits(
  database: Database,
  nodeUuid: string,
  traits: readonly string[],
): Promise<boolean> {
  if (traits.length === 0) return true;
  const there = await listTraits(database, nodeUuid);
  return traits.every((trait) => there.includes(trait));
}

/**
 * Gives a node to an allocation, in one transaction with the event.
 * @throws IronpxeError NODE_ASSOCIATED, INSTANCE_ASSOCIATED
 */
export async function assignNode(
  database: Database,
  allocation: Allocation,
  node: Node,
): Promise<void> {
  const { uuid, traits } = allocation;
  if (node.instanceUuid !== null && node.instanceUuid !== uuid)
    throw new IronpxeError(
      'NODE_ASSOCIATED',
      `Node ${node.uuid} is associated with instance ${node.instanceUuid}.`,
    );
  await inTransaction(database, async (trx) => {
    await updateRecord(trx, ALLOCATIONS, uuid, {
      nodeUuid: node.uuid,
      state: 'active',
      lastError: null,
    });
    await updateNode(trx, node.uuid, {
      instanceUuid: uuid,
      allocationUuid: uuid,
      instanceInfo: { ...node.instanceInfo, traits },
    });
    await appendEvent(trx, {
      kind: 'node.updated',
      nodeUuid: node.uuid,
      message: `allocated to ${allocation.name ?? uuid}`,
      data: { paths: ['/allocation_uuid', '/instance_uuid'] },
    });
  });
}

/** Ends the search of an allocation with what was in the way. */
export async function failAllocation(
  database: Database,
  uuid: string,
  reason: string,
): Promise<void> {
  await updateRecord(database, ALLOCATIONS, uuid, { state: 'error', lastError: reason });
}

/** Removes an allocation; its node, if it has one, is free again. */
export async function deleteAllocation(database: Database, uuid: string): Promise<void> {
  await inTransaction(database, async (trx) => {
    const { nodeUuid } = await getRecord(trx, ALLOCATIONS, uuid);
    if (nodeUuid !== null) await freeNode(trx, await getNode(trx, nodeUuid));
    await deleteRecord(trx, ALLOCATIONS, uuid);
  });
}

async function freeNode(database: Database, node: Node): Promise<void> {
  await updateNode(database, node.uuid, { allocationUuid: null, instanceUuid: null });
  await appendEvent(database, {
    kind: 'node.updated',
    nodeUuid: node.uuid,
    message: 'free of its allocation',
    data: { paths: ['/allocation_uuid', '/instance_uuid'] },
  });
}
