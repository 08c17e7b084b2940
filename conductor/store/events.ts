import type { NewEvent } from '../events/kinds.ts';
import type { Database } from './database.ts';
import type { EventsTable } from './tables.ts';
import type { TimelineEvent } from './types.ts';

/** Which events to read: those of a node after an id, oldest first. */
export type EventQuery = {
  readonly nodeUuid?: string;
  readonly operationUuid?: string;
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
  const rows = await select
    .where('id', '>', query.afterId ?? 0)
    .orderBy('id')
    .limit(query.limit ?? 1000)
    .execute();
  return rows.map(toEvent);
}

function toEvent(row: Omit<EventsTable, 'id'> & { id: number }): TimelineEvent {
  return { ...row, data: JSON.parse(row.data) };
}
