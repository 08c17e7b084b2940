import { type Selectable, sql } from 'kysely';
import { IronpxeError } from '../errors/error.ts';
import type { PowerState } from '../drivers/types.ts';
import { nextPlace, type ProvisionState, type StateEvent } from '../states/index.ts';
import { type Database, inTransaction } from './database.ts';
import { appendEvent } from './events.ts';
import type { NodesTable } from './tables.ts';
import type { Node, NodePatch } from './types.ts';

const JSON_COLUMNS = [
  'driverInfo',
  'driverInternalInfo',
  'instanceInfo',
  'properties',
  'extra',
  'networkData',
  'interfaces',
  'cleanStep',
  'deployStep',
  'serviceStep',
  'raidConfig',
  'targetRaidConfig',
] as const;

/** What a new node needs; the rest is empty or null. */
export type NewNode = Pick<Node, 'uuid' | 'driver' | 'provisionState'> & NodePatch;

/** Parses a row of the nodes table. */
export function toNode(row: Selectable<NodesTable>): Node {
  const { reservationExpiresAtMs, ...rest } = row;
  const expired = reservationExpiresAtMs !== null && reservationExpiresAtMs < Date.now();
  return {
    ...rest,
    ...parsed(row),
    provisionState: row.provisionState as ProvisionState,
    targetProvisionState: row.targetProvisionState as ProvisionState | null,
    powerState: row.powerState as PowerState | null,
    targetPowerState: row.targetPowerState as PowerState | null,
    maintenance: row.maintenance === 1,
    automatedClean: row.automatedClean === null ? null : row.automatedClean === 1,
    protected: row.protected === 1,
    retired: row.retired === 1,
    secureBoot: row.secureBoot === null ? null : row.secureBoot === 1,
    consoleEnabled: row.consoleEnabled === 1,
    reservation: expired ? null : row.reservation,
  };
}

function parsed(row: Selectable<NodesTable>) {
  return {
    driverInfo: JSON.parse(row.driverInfo),
    driverInternalInfo: JSON.parse(row.driverInternalInfo),
    instanceInfo: JSON.parse(row.instanceInfo),
    properties: JSON.parse(row.properties),
    extra: JSON.parse(row.extra),
    networkData: JSON.parse(row.networkData),
    interfaces: JSON.parse(row.interfaces),
    cleanStep: JSON.parse(row.cleanStep),
    deployStep: JSON.parse(row.deployStep),
    serviceStep: JSON.parse(row.serviceStep),
    raidConfig: JSON.parse(row.raidConfig),
    targetRaidConfig: JSON.parse(row.targetRaidConfig),
  };
}

/** A patch as columns. */
function columns(patch: NodePatch): Partial<NodesTable> {
  const entries = Object.entries(patch).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if ((JSON_COLUMNS as readonly string[]).includes(key)) return [key, JSON.stringify(value)];
      return [key, typeof value === 'boolean' ? Number(value) : value];
    }),
  );
}

/** Inserts a node with its event. @throws IronpxeError NODE_EXISTS for a name or UUID in use. */
export async function insertNode(database: Database, node: NewNode): Promise<Node> {
  const { uuid, driver, provisionState, ...patch } = node;
  const empty = Object.fromEntries(JSON_COLUMNS.map((column) => [column, '{}']));
  const row = {
    ...(empty as Record<(typeof JSON_COLUMNS)[number], string>),
    maintenance: 0,
    protected: 0,
    retired: 0,
    consoleEnabled: 0,
    ...columns(patch),
    uuid,
    driver,
    provisionState,
    createdAt: new Date().toISOString(),
  };
  await inTransaction(database, async (trx) => {
    await trx.insertInto('nodes').values(row).execute();
    const named = node.name ?? uuid;
    await appendEvent(trx, {
      kind: 'node.created',
      nodeUuid: uuid,
      message: `${named} enrolled`,
    });
  }).catch((error: unknown) => {
    throw uniqueViolation(error, node);
  });
  return getNode(database, uuid);
}

/** SQLite's unique violation as an error for the user. */
function uniqueViolation(error: unknown, patch: NodePatch & { uuid?: string }): unknown {
  const text = error instanceof Error ? error.message : '';
  if (!text.includes('UNIQUE constraint failed')) return error;
  if (text.includes('instance_uuid'))
    return new IronpxeError(
      'INSTANCE_ASSOCIATED',
      `Instance ${patch.instanceUuid} is already associated with a node, it cannot be associated with another.`,
    );
  if (text.includes('nodes.name'))
    return new IronpxeError('NODE_EXISTS', `A node with name ${patch.name} already exists.`);
  return new IronpxeError('NODE_EXISTS', `A node with UUID ${patch.uuid} already exists.`);
}

/** Finds a node by UUID or name (in any case); `undefined` when there is none. */
export async function findNode(database: Database, ident: string): Promise<Node | undefined> {
  const row = await database
    .selectFrom('nodes')
    .selectAll()
    .where((eb) => eb.or([eb('uuid', '=', ident.toLowerCase()), eb('name', '=', ident)]))
    .executeTakeFirst();
  return row && toNode(row);
}

/** Like {@link findNode}. @throws IronpxeError NODE_NOT_FOUND */
export async function getNode(database: Database, ident: string): Promise<Node> {
  const node = await findNode(database, ident);
  if (node === undefined)
    throw new IronpxeError('NODE_NOT_FOUND', `Node ${ident} could not be found.`);
  return node;
}

/** All nodes in the order of their creation. */
export async function listNodes(database: Database): Promise<Node[]> {
  const rows = await database
    .selectFrom('nodes')
    .selectAll()
    .orderBy(sql`rowid`)
    .execute();
  return rows.map(toNode);
}

/** The nodes that are built into a node, in the order of their creation. */
export async function listChildren(database: Database, uuid: string): Promise<Node[]> {
  const rows = await database
    .selectFrom('nodes')
    .selectAll()
    .where('parentNode', '=', uuid)
    .orderBy(sql`rowid`)
    .execute();
  return rows.map(toNode);
}

/** Changes fields of a node. @throws IronpxeError NODE_EXISTS, INSTANCE_ASSOCIATED, NODE_NOT_FOUND */
export async function updateNode(
  database: Database,
  uuid: string,
  patch: NodePatch,
): Promise<Node> {
  await database
    .updateTable('nodes')
    .set({ ...columns(patch), updatedAt: new Date().toISOString() })
    .where('uuid', '=', uuid)
    .execute()
    .catch((error: unknown) => {
      throw uniqueViolation(error, { ...patch, uuid });
    });
  return getNode(database, uuid);
}

/** Removes a node with its ports, operations, allocation and boot facts; its events stay. */
export async function deleteNode(database: Database, uuid: string): Promise<void> {
  await inTransaction(database, async (trx) => {
    await trx.deleteFrom('allocations').where('nodeUuid', '=', uuid).execute();
    await trx.deleteFrom('nodes').where('uuid', '=', uuid).execute();
    await appendEvent(trx, { kind: 'node.deleted', nodeUuid: uuid, message: 'removed' });
  });
}

/** What goes with a change of state. */
export type TransitionOptions = {
  readonly operationUuid?: string | undefined;
  readonly patch?: NodePatch;
};

/**
 * Takes a node along an arrow of the state machine, with its event, in one transaction.
 * @throws IronpxeError INVALID_STATE when the table has no such arrow from the node's state
 */
export async function transition(
  database: Database,
  uuid: string,
  event: StateEvent,
  options: TransitionOptions = {},
): Promise<Node> {
  return inTransaction(database, async (trx) => {
    const row = await trx
      .selectFrom('nodes')
      .selectAll()
      .where('uuid', '=', uuid)
      .executeTakeFirst();
    if (row === undefined)
      throw new IronpxeError('NODE_NOT_FOUND', `Node ${uuid} could not be found.`);
    const node = toNode(row);
    const place = nextPlace(
      { state: node.provisionState, targetState: node.targetProvisionState },
      event,
    );
    if (place === undefined) throw invalidState(node, event);
    const now = new Date().toISOString();
    const set = {
      ...columns(options.patch ?? {}),
      provisionState: place.state,
      targetProvisionState: place.targetState,
      provisionUpdatedAt: now,
      updatedAt: now,
    };
    await trx.updateTable('nodes').set(set).where('uuid', '=', uuid).execute();
    await appendEvent(trx, {
      kind: 'state.changed',
      nodeUuid: uuid,
      operationUuid: options.operationUuid,
      message: `${node.provisionState} → ${place.state}`,
      data: { from: node.provisionState, to: place.state, event, error: options.patch?.lastError },
    });
    return toNode({ ...row, ...set });
  });
}

/** The error for a verb that the node's state does not allow, in Ironic's words. */
export function invalidState(node: Node, event: string): IronpxeError {
  return new IronpxeError(
    'INVALID_STATE',
    `The requested action "${event}" can not be performed on node "${node.uuid}" while it is in state "${node.provisionState}".`,
  );
}
