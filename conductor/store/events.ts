import type { EventKind, NewEvent } from '../events/kinds.ts';
import type { Database } from './database.ts';
import type { EventsTable } from './tables.ts';
import type { TimelineEvent } from './types.ts';

/** Which events to read: those of a node after an id, oldest first. */
export type EventQuery = {
  readonly nodeUuid?: string;
  readonly operationUuid?: string;
  /** Any by default. */
  readonly kinds?: readonly EventKind[];
  readonly afterId?: number;
  /** At most so many; 1000 by default. */
  readonly limit?: number;
};

/** Appends an event within `connection`, a transaction where it belongs to a change. */
export async function appendEvent(connection: Database, event: NewEvent): Promise<number> {
  const row = {
    at: new Date().toISOString(),
    nodeUuid: event.nodeUuid ?? null,
    operationUuid: event.operationUuid ?? null,
    kind: event.kind,
    message: event.message,
    data: JSON.stringify(wireKeys(event.data ?? {})),
  };
  const { insertId } = await connection.insertInto('events').values(row).executeTakeFirstOrThrow();
  return Number(insertId);
}

const REMOVED_AT_ONCE = 1000;

/**
 * Removes the events that happened before a time, some at a time so that nobody waits long.
 * @returns how many
 */
export async function removeEventsBefore(database: Database, before: Date): Promise<number> {
  for (let removed = 0; ;) {
    // Ids grow with time, so the oldest are found without looking through them all.
    const oldest = database.selectFrom('events').select('id').orderBy('id').limit(REMOVED_AT_ONCE);
    const { numDeletedRows } = await database
      .deleteFrom('events')
      .where('id', 'in', oldest)
      .where('at', '<', before.toISOString())
      .executeTakeFirst();
    removed += Number(numDeletedRows);
    if (numDeletedRows < REMOVED_AT_ONCE) return removed;
  }
}

/** Keys as the API shows them: `sizeBytes` becomes `size_bytes`. */
function wireKeys(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const snake = (key: string) => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [snake(key), value]));
}

/** Events in the order in which they happened. */
export async function listEvents(database: Database, query: EventQuery): Promise<TimelineEvent[]> {
  let select = database.selectFrom('events').selectAll();
  if (query.nodeUuid !== undefined) select = select.where('nodeUuid', '=', query.nodeUuid);
  if (query.operationUuid !== undefined)
    select = select.where('operationUuid', '=', query.operationUuid);
  if (query.kinds !== undefined) select = select.where('kind', 'in', query.kinds);
  const rows = await select
    .where('id', '>', query.afterId ?? 0)
    .orderBy('id')
    .limit(query.limit ?? 1000)
    .execute();
  return rows.map(toEvent);
}

/** The id of the newest event of all; 0 when none is there. */
export async function newestEventIdOfAll(database: Database): Promise<number> {
  const row = await database
    .selectFrom('events')
    .select(({ fn }) => fn.max('id').as('newest'))
    .executeTakeFirst();
  return row?.newest ?? 0;
}

/** Parses a row of the events table. */
export function toEvent(row: Omit<EventsTable, 'id'> & { id: number }): TimelineEvent {
  return { ...row, data: JSON.parse(row.data) };
}
