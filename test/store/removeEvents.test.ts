import test from 'ava';
import { openDatabase } from '../../conductor/store/database.ts';
import { listEvents, removeEventsBefore } from '../../conductor/store/events.ts';

const DAY_MS = 24 * 3600 * 1000;

test('old events go, in as many rounds as it takes; newer ones stay', async (t) => {
  const database = await openDatabase(':memory:');
  t.teardown(() => database.destroy());
  const nowMs = Date.parse('2026-06-01T00:00:00Z');
  const rows = Array.from({ length: 2500 }, (_, index) => ({
    at: new Date(nowMs + (index - 2400) * DAY_MS).toISOString(),
    kind: 'step.done',
    message: String(index),
    data: '{}',
  }));
  for (let from = 0; from < rows.length; from += 500)
    await database
      .insertInto('events')
      .values(rows.slice(from, from + 500))
      .execute();
  t.is(await removeEventsBefore(database, new Date(nowMs)), 2400);
  const left = await listEvents(database, {});
  t.deepEqual([left.length, left[0]?.message], [100, '2400']);
  t.is(await removeEventsBefore(database, new Date(nowMs)), 0);
});
