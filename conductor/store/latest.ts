import { sql } from 'kysely';
import type { Database } from './database.ts';
import { getOperation } from './operations.ts';
import type { Operation } from './types.ts';

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

/** The id of a node's newest event; 0 when nothing ever happened to it. */
export async function newestEventId(database: Database, nodeUuid: string): Promise<number> {
  const row = await database
    .selectFrom('events')
    .select(({ fn }) => fn.max('id').as('newest'))
    .where('nodeUuid', '=', nodeUuid)
    .executeTakeFirst();
  return row?.newest ?? 0;
}
