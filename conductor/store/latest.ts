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
