import test from 'ava';
import type { NewEvent } from '../../conductor/events/kinds.ts';
import { withinBudget } from '../../conductor/netboot/budget.ts';

test('each node has a budget of its own, anew every minute', (t) => {
  const seen: NewEvent[] = [];
  const full: (string | undefined)[] = [];
  let nowMs = 0;
  const observe = withinBudget(
    (event) => seen.push(event),
    (nodeUuid) => full.push(nodeUuid),
    () => nowMs,
  );
  const tell = (nodeUuid: string | undefined, count: number): void => {
    for (let index = 0; index < count; index++)
      observe({ kind: 'dhcp.discover', message: 'm', nodeUuid });
  };
  tell(undefined, 1000);
  tell('a', 10);
  t.is(seen.length, 310);
  t.deepEqual(full, [undefined]);
  nowMs = 60_000;
  tell(undefined, 1);
  t.is(seen.length, 311);
});
