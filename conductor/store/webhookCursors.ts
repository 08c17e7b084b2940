import { createHash } from 'node:crypto';
import { type Database, inTransaction } from './database.ts';
import { newestEventIdOfAll } from './events.ts';

/**
 * Makes a cursor at the newest event for each receiver that is new, and removes those of receivers
 * that are no more. @returns the id of the event that each was sent last, by URL
 */
export async function openWebhookCursors(
  database: Database,
  urls: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  return inTransaction(database, async (trx) => {
    const receivers = urls.map(receiverOf);
    await trx.deleteFrom('webhookCursors').where('receiver', 'not in', receivers).execute();
    const eventId = await newestEventIdOfAll(trx);
    for (const receiver of receivers)
      await trx
        .insertInto('webhookCursors')
        .values({ receiver, eventId })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    const rows = await trx.selectFrom('webhookCursors').selectAll().execute();
    const ids = new Map(rows.map((row) => [row.receiver, row.eventId]));
    return new Map(urls.map((url) => [url, ids.get(receiverOf(url)) ?? eventId]));
  });
}

/** Notes that a receiver has had all up to an event. */
export async function saveWebhookCursor(
  database: Database,
  url: string,
  eventId: number,
): Promise<void> {
  const receiver = receiverOf(url);
  await database
    .updateTable('webhookCursors')
    .set({ eventId })
    .where('receiver', '=', receiver)
    .execute();
}

/** A URL may hold a secret, so a hash of it is kept. */
function receiverOf(url: string): string {
  return createHash('sha256').update(url).digest('hex');
}
