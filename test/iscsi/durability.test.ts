import test from 'ava';
import { Durability } from '../../conductor/iscsi/durability.ts';

async function write(durability: Durability): Promise<void> {
  await durability.write(async () => {});
}

test('a loss after a write is told by the next flush, once', async (t) => {
  const durability = new Durability();
  await write(durability);
  durability.lost();
  t.true(durability.isLost);
  t.false(durability.startFlush()());
  t.false(durability.isLost);
  t.true(durability.startFlush()());
});

test('a loss with nothing to lose is none', async (t) => {
  const durability = new Durability();
  durability.lost();
  t.true(durability.startFlush()());
  await write(durability);
  t.true(durability.startFlush()());
  durability.lost();
  t.true(durability.startFlush()());
});

test('a loss while a write is open counts: its answer may be on the way', async (t) => {
  const durability = new Durability();
  const open = Promise.withResolvers<void>();
  const writing = durability.write(() => open.promise);
  durability.lost();
  open.resolve();
  await writing;
  t.false(durability.startFlush()());
});

test('a loss during the flush counts for all flushes under way', async (t) => {
  const durability = new Durability();
  await write(durability);
  const [first, second] = [durability.startFlush(), durability.startFlush()];
  durability.lost();
  t.false(first());
  t.false(second());
});

test('what is written during a flush is not safe yet', async (t) => {
  const durability = new Durability();
  await write(durability);
  const finish = durability.startFlush();
  await write(durability);
  t.true(finish());
  durability.lost();
  t.false(durability.startFlush()());
});

test('what is written again between two failed flushes is not safe yet', async (t) => {
  const durability = new Durability();
  await write(durability);
  const [first, second] = [durability.startFlush(), durability.startFlush()];
  durability.lost();
  t.false(first());
  await write(durability);
  t.false(second());
  durability.lost();
  t.false(durability.startFlush()());
});

test('a write that fails counts as written', async (t) => {
  const durability = new Durability();
  await t.throwsAsync(durability.write(() => Promise.reject(new Error('no'))));
  durability.lost();
  t.false(durability.startFlush()());
});
