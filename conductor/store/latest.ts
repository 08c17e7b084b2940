import { sql } from 'kysely';
import type { Database } from './database.ts';
import { getOperation } from './operations.ts';
import type { EventKind } from '../events/kinds.ts';
import { toEvent } from './events.ts';
import type { Operation, TimelineEvent } from './types.ts';

/** The operation of a node that was started last, if there ever was one. */
export async function latestOperation(
  database: Database,
  nodeUuid: string,
): Promise<Operation | undefined> {
  const row = await database
    .selectFrom('operations')
    .select('uuid')
    .where('nodeUuid', '=', nodeUuid)
    .orderBy(sql`rowid`, 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && getOperation(database, row.uuid);
}

/** The last operations of a node, the newest first. */
export async function lastOperations(
  database: Database,
  nodeUuid: string,
  count: number,
): Promise<readonly Operation[]> {
  const rows = await database
    .selectFrom('operations')
    .select('uuid')
    .where('nodeUuid', '=', nodeUuid)
    .orderBy(sql`rowid`, 'desc')
    .limit(count)
    .execute();
  return Promise.all(rows.map(({ uuid }) => getOperation(database, uuid)));
}

/** The id of a node's newest event; 0 when nothing ever happened to it. */
export async function newestEventId(database: Database, nodeUuid: string): Promise<number> {
  const row = await database
    .selectFrom('events')
    .select(({ fn }) => fn.max('id').as('newest'))
    .where('nodeUuid', '=', nodeUuid)
    .executeTakeFirst();
  return row?.newest ?? 0;
}

/** A node's newest event of some kinds, if there is one. */
export async function newestEvent(
  database: Database,
  nodeUuid: string,
  kinds: readonly EventKind[],
): Promise<TimelineEvent | undefined> {
  const row = await database
    .selectFrom('events')
    .selectAll()
    .where('nodeUuid', '=', nodeUuid)
    .where('kind', 'in', kinds)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && toEvent(row);
}
