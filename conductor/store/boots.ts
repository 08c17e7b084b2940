import { sql } from 'kysely';
import type { Database } from './database.ts';
import { toEvent } from './events.ts';
import { getOperation } from './operations.ts';
import type { Node, Operation, TimelineEvent } from './types.ts';

/** What is told of an operation is bounded; a deploy makes about a hundred entries. */
const MOST_ENTRIES = 3000;

/**
 * The events of an operation and of its machine meanwhile, and what was seen of the machine after
 * it, up to its next operation. Progress of transfers is left out. Oldest first.
 */
export async function eventsOfOperation(
  database: Database,
  { uuid, nodeUuid }: Pick<Operation, 'uuid' | 'nodeUuid'>,
): Promise<TimelineEvent[]> {
  const { first } = await database
    .selectFrom('events')
    .select(({ fn }) => fn.min('id').as('first'))
    .where('operationUuid', '=', uuid)
    .where('nodeUuid', '=', nodeUuid)
    .executeTakeFirstOrThrow();
  if (first === null) return [];
  const next = await database
    .selectFrom('events')
    .select('id')
    .where('nodeUuid', '=', nodeUuid)
    .where('id', '>', first)
    .where('kind', '=', 'operation.started')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  const rows = await database
    .selectFrom('events')
    .selectAll()
    .where('nodeUuid', '=', nodeUuid)
    .where('id', '>=', first)
    .where('id', '<', next?.id ?? Number.MAX_SAFE_INTEGER)
    .where('kind', 'not like', '%.progress')
    .orderBy('id')
    .limit(MOST_ENTRIES)
    .execute();
  return rows.map(toEvent);
}

/** The last operation of a node that boots its machine: every other verb has nothing to tell of. */
export async function latestBoot(
  database: Database,
  nodeUuid: string,
): Promise<Operation | undefined> {
  const row = await database
    .selectFrom('operations')
    .innerJoin('steps', 'steps.operationUuid', 'operations.uuid')
    .select('operations.uuid')
    .where('operations.nodeUuid', '=', nodeUuid)
    .where('steps.name', '=', 'start_ramdisk')
    .orderBy(sql`operations.rowid`, 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && getOperation(database, row.uuid);
}

/**
 * The newest operations of a verb that ended well: of the node itself, or, where it has fewer than
 * two, of machines of its driver and model.
 */
export async function earlierBoots(
  database: Database,
  node: Node,
  { verb, uuid: besides }: Pick<Operation, 'verb' | 'uuid'>,
  most: number,
): Promise<{ readonly of: 'node' | 'model'; readonly boots: readonly Operation[] }> {
  const done = database
    .selectFrom('operations')
    .innerJoin('nodes', 'nodes.uuid', 'operations.nodeUuid')
    .select('operations.uuid')
    .where('operations.status', '=', 'done')
    .where('operations.verb', '=', verb)
    .where('operations.uuid', '!=', besides)
    .orderBy(sql`operations.rowid`, 'desc')
    .limit(most);
  const own = await done.where('operations.nodeUuid', '=', node.uuid).execute();
  const { model = null } = node.driverInternalInfo;
  const rows =
    own.length > 1
      ? own
      : await done
          .where('nodes.driver', '=', node.driver)
          .where(sql`json_extract(nodes.driver_internal_info, '$.model')`, 'is', model)
          .execute();
  const boots = await Promise.all(rows.map(({ uuid }) => getOperation(database, uuid)));
  return { of: own.length > 1 ? 'node' : 'model', boots };
}

/** Events of no node in a span of ids: what unknown machines and other servers did. */
export async function eventsOfNobody(
  database: Database,
  span: { readonly afterId: number; readonly beforeId: number },
  limit: number,
): Promise<TimelineEvent[]> {
  const rows = await database
    .selectFrom('events')
    .selectAll()
    .where('nodeUuid', 'is', null)
    .where('id', '>', span.afterId)
    .where('id', '<', span.beforeId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toEvent).toReversed();
}
