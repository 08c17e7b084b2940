import { sql } from 'kysely';
import type { Database } from './database.ts';

/** A failure of a node's past. */
export type HistoryEntry = {
  readonly id: number;
  readonly at: string;
  readonly kind: string;
  readonly error: string;
};

/** Kinds of events that tell of a failure as such; steps and packets are told by them. */
const KINDS = ['state.changed', 'power.changed', 'media.failed'];

/**
 * The failures in a node's timeline, oldest first: history is no record of its own, so it cannot
 * say something else than the timeline. `id` finds one of them.
 */
export async function listHistory(
  database: Database,
  nodeUuid: string,
  page: { readonly afterId?: number; readonly id?: number; readonly limit: number },
): Promise<HistoryEntry[]> {
  const error = sql<string>`json_extract(data, '$.error')`;
  let select = database
    .selectFrom('events')
    .select(['id', 'at', 'kind', error.as('error')])
    .where('nodeUuid', '=', nodeUuid)
    .where('kind', 'in', KINDS)
    .where(error, 'is not', null)
    .where('id', '>', page.afterId ?? 0);
  if (page.id !== undefined) select = select.where('id', '=', page.id);
  return select.orderBy('id').limit(page.limit).execute();
}
