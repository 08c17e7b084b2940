import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { parseConfig } from '../../conductor/config/load.ts';
import type { EventKind } from '../../conductor/events/kinds.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { appendEvent } from '../../conductor/store/events.ts';
import { startWebhooks } from '../../conductor/webhooks/start.ts';
import { freePort } from '../openstack/support/daemons.ts';
import { type Got, Receiver, SECRET } from './support/receiver.ts';

const BASE = { host: 'c1', boot_http: { url: 'http://127.0.0.1:8088' }, dhcp: { enabled: false } };
const TIMINGS = { backOff: { firstMs: 10, longestMs: 40 }, timeoutMs: 60_000, lookMs: 10 };
const DAY_MS = 24 * 3600 * 1000;

type Rig = {
  readonly database: Database;
  readonly logged: readonly { readonly msg: string; readonly [key: string]: unknown }[];
  readonly start: (webhooks: readonly object[], timeoutMs?: number) => Promise<AsyncDisposable>;
  readonly say: (message: string, kind?: EventKind) => Promise<number>;
};

async function rig(t: ExecutionContext): Promise<Rig> {
  const database = await openDatabase(':memory:');
  t.teardown(() => database.destroy());
  const logged: { readonly msg: string }[] = [];
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  return {
    database,
    logged,
    start: async (webhooks, timeoutMs = TIMINGS.timeoutMs) => {
      const whole = webhooks.map((webhook) => ({ secret: SECRET, ...webhook }));
      const config = parseConfig(JSON.stringify({ ...BASE, webhooks: whole }), 'f.yaml');
      return startWebhooks({ database, config, logger, timings: { ...TIMINGS, timeoutMs } });
    },
    say: (message, kind = 'state.changed') => appendEvent(database, { kind, message }),
  };
}

const messages = (all: readonly Got[]) => all.map(({ message }) => message);
const has = (message: string) => (all: readonly Got[]) => messages(all).includes(message);

test('events are posted in order, signed, and only those that were asked for', async (t) => {
  const { start, say } = await rig(t);
  await using receiver = await Receiver.start();
  await say('before it was there');
  await using _ = await start([{ url: receiver.url, events: ['state.*', 'node.created'] }]);
  for (let n = 0; n < 30; n++) {
    await say(`state ${n}`);
    await say('noise', 'dhcp.offer');
  }
  await say('node', 'node.created');
  const all = await receiver.until(has('node'));
  t.deepEqual(messages(all), [...Array.from({ length: 30 }, (_, n) => `state ${n}`), 'node']);
  t.true(all.every(({ genuine }) => genuine));
  t.is(new Set(all.map(({ id }) => id)).size, 31);
  t.is(all[0]?.headers['content-type'], 'application/json');
});

test('a receiver that fails is tried again, with the same id, and told apart from the next', async (t) => {
  const { start, say, logged } = await rig(t);
  await using receiver = await Receiver.start();
  const answers = [500, 301, 404];
  receiver.answer = (response) =>
    response.writeHead(answers.shift() ?? 200, { location: receiver.url }).end('fine');
  await using _ = await start([{ url: receiver.url }]);
  await say('one');
  await say('two');
  const all = await receiver.until(has('two'));
  t.deepEqual(messages(all), ['one', 'one', 'one', 'one', 'two']);
  t.is(new Set(all.slice(0, 4).map(({ id }) => id)).size, 1);
  t.deepEqual(
    logged.map(({ msg }) => msg),
    ['webhook: trying again', 'webhook: the receiver takes events again'],
  );
  t.notRegex(JSON.stringify(logged), /in-the-url|MfKQ/);
});

test('after a restart nothing is lost, and it goes on in order', async (t) => {
  const { start, say } = await rig(t);
  await using receiver = await Receiver.start();
  {
    await using _ = await start([{ url: receiver.url }]);
    await say('one');
    await receiver.until(has('one'));
  }
  await say('while it was down');
  await using _ = await start([{ url: receiver.url }]);
  await say('two');
  await receiver.until(has('two'));
  const distinct = new Set(receiver.all.map(({ id }) => id));
  t.deepEqual(messages(receiver.all.slice(-2)), ['while it was down', 'two']);
  t.is(distinct.size, 3);
});

test('a receiver that was taken out starts anew', async (t) => {
  const { start, say, database } = await rig(t);
  await using receiver = await Receiver.start();
  await (await start([{ url: receiver.url }]))[Symbol.asyncDispose]();
  await (await start([]))[Symbol.asyncDispose]();
  t.deepEqual(await database.selectFrom('webhookCursors').selectAll().execute(), []);
  await say('one');
  await using _ = await start([{ url: receiver.url }]);
  await say('two');
  t.deepEqual(messages(await receiver.until(has('two'))), ['two']);
});

test('one that hangs holds up neither another one nor the end', async (t) => {
  const { start, say } = await rig(t);
  await using dead = await Receiver.start();
  await using receiver = await Receiver.start();
  dead.answer = () => undefined;
  const webhooks = await start([{ url: dead.url }, { url: receiver.url }]);
  await say('one');
  await Promise.all([dead.until(has('one')), receiver.until(has('one'))]);
  await say('two');
  await receiver.until(has('two'));
  await webhooks[Symbol.asyncDispose]();
  t.deepEqual(messages(dead.all), ['one']);
});

test('no answer in time is a failure, and an answer without end is not read', async (t) => {
  const { start, say, logged } = await rig(t);
  await using receiver = await Receiver.start();
  receiver.answer = () => {
    receiver.answer = (response) => {
      response.writeHead(200).write('x'.repeat(1e6));
    };
  };
  await using _ = await start([{ url: receiver.url }], 500);
  await say('one');
  await say('two');
  const all = messages(await receiver.until(has('two')));
  t.deepEqual([...new Set(all)], ['one', 'two']);
  t.deepEqual(all.slice(0, 2), ['one', 'one']);
  t.is(logged[0]?.['why'], 'no answer within 0.5 s');
});

test('what the receiver cannot read is given up after five attempts', async (t) => {
  const { start, say, logged } = await rig(t);
  await using receiver = await Receiver.start();
  receiver.answer = (response, { message }) =>
    response.writeHead(message === 'poison' ? 422 : 200).end();
  await using _ = await start([{ url: receiver.url }]);
  const id = await say('poison');
  await say('two');
  const all = await receiver.until(has('two'));
  t.deepEqual(messages(all), [...Array.from({ length: 5 }, () => 'poison'), 'two']);
  const warning = logged.find(({ msg }) => msg === 'webhook: an event is given up');
  t.like(warning, { event_id: id, why: 'it answered 422' });
});

test('a dead receiver: events are given up after their time', async (t) => {
  const { start, say, logged } = await rig(t);
  const listenPort = await freePort();
  const url = `http://127.0.0.1:${listenPort}/hook?token=in-the-url`;
  const gaveUp = () => logged.find(({ msg }) => /tried for too long/.test(msg));
  {
    await using _ = await start([{ url, give_up_seconds: 1 }]);
    await say('old');
    await say('old too');
    while (gaveUp() === undefined) await delay(20);
  }
  t.like(gaveUp(), { webhook: `127.0.0.1:${listenPort}` });
  t.like(logged[0], { msg: 'webhook: trying again', why: 'ECONNREFUSED' });
  await using receiver = await Receiver.start(listenPort);
  await using _ = await start([{ url }]);
  await say('new');
  t.false(has('old')(await receiver.until(has('new'))));
});

test('what happened in a long time without a conductor is tried all the same', async (t) => {
  const { start, say, database } = await rig(t);
  await using receiver = await Receiver.start();
  await (await start([{ url: receiver.url }]))[Symbol.asyncDispose]();
  await say('days ago');
  const at = new Date(Date.now() - 3 * DAY_MS).toISOString();
  await database.updateTable('events').set({ at }).execute();
  await using _ = await start([{ url: receiver.url }]);
  t.deepEqual(messages(await receiver.until(has('days ago'))), ['days ago']);
});
