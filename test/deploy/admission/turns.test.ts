import test from 'ava';
import { Turns } from '../../../conductor/deploy/admission/turns.ts';

const never = new AbortController().signal;
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('so many work at a time, the others come in order', async (t) => {
  const turns = new Turns(2);
  const order: number[] = [];
  const first = await turns.take(never);
  await turns.take(never);
  for (const number of [3, 4, 5]) void turns.take(never).then(() => order.push(number));
  await settle();
  t.deepEqual(order, []);
  t.like(turns, { taken: 2, waiting: 3 });
  t.is(turns.tryTake(), undefined);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await settle();
  t.deepEqual(order, [3], 'a turn ends once');
  t.like(turns, { taken: 2, waiting: 2 });
});

test('who gives up does not get a turn', async (t) => {
  const turns = new Turns(1);
  const held = await turns.take(never);
  const abort = new AbortController();
  const waiting = turns.take(abort.signal);
  const after = turns.take(never);
  abort.abort(new Error('enough'));
  await t.throwsAsync(waiting, { message: 'enough' });
  await t.throwsAsync(turns.take(abort.signal), { message: 'enough' });
  held[Symbol.dispose]();
  (await after)[Symbol.dispose]();
  t.like(turns, { taken: 0, waiting: 0 });
  t.truthy(turns.tryTake());
});
