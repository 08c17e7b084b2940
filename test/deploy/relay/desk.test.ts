import test from 'ava';
import { type Feeder, RelayDesk } from '../../../conductor/deploy/relay/desk.ts';

const { signal: never } = new AbortController();
const MINUTE = 60_000;
const LONG = { fanOut: 2, waitMs: MINUTE, holdMs: MINUTE };

function feeder(nodeUuid: string): Feeder {
  return { nodeUuid, address: '192.0.2.1', admit: async () => {} };
}

test('eight that come at once: one is written directly, each other one has a place', async (t) => {
  const desk = new RelayDesk(LONG);
  const fedBy: string[] = [];
  let direct = 0;
  let most = 0;
  const feeding = new Map<string, number>();
  const member = async (name: string) => {
    const place = await desk.find(name, 'image', never);
    if (place) {
      const from = place.feeder.nodeUuid;
      fedBy.push(from);
      feeding.set(from, (feeding.get(from) ?? 0) + 1);
      most = Math.max(most, feeding.get(from) ?? 0);
      await new Promise((resolve) => setImmediate(resolve));
      feeding.set(from, (feeding.get(from) ?? 0) - 1);
      place[Symbol.dispose]();
    } else direct++;
    await desk.offer(name, 'image', feeder(name), never);
  };
  await Promise.all(Array.from('abcdefgh', member));
  t.is(direct, 1);
  t.is(fedBy.length, 7);
  t.is(most, 2);
  t.false(desk.mustWait('image'), 'nothing is left behind');
});

test('other content is no reason to wait', async (t) => {
  const desk = new RelayDesk(LONG);
  t.is(await desk.find('a', 'image', never), undefined);
  t.false(desk.mustWait('other'));
  t.is(await desk.find('b', 'other', never), undefined);
  t.true(desk.mustWait('image'));
});

test('when the one that all wait for fails, the next one goes directly', async (t) => {
  const desk = new RelayDesk(LONG);
  await desk.find('a', 'image', never);
  const second = desk.find('b', 'image', never);
  const third = desk.find('c', 'image', never);
  desk.leave('a');
  t.is(await second, undefined);
  t.true(desk.isWanted('image'), 'the third one waits for the second');
  const offered = desk.offer('b', 'image', feeder('b'), never);
  const place = await third;
  t.is(place?.feeder.nodeUuid, 'b');
  place?.[Symbol.dispose]();
  await offered;
});

test('who waits too long goes directly; who is aborted leaves the queue', async (t) => {
  const desk = new RelayDesk({ ...LONG, waitMs: 1 });
  await desk.find('a', 'image', never);
  t.is(await desk.find('b', 'image', never), undefined);
  const patient = new RelayDesk(LONG);
  await patient.find('a', 'image', never);
  const abort = new AbortController();
  const waiting = patient.find('b', 'image', abort.signal);
  abort.abort(new Error('enough'));
  await t.throwsAsync(waiting, { message: 'enough' });
  t.false(patient.isWanted('image'));
});

test('a feeder whose time is over goes, and those that it feeds are told', async (t) => {
  const desk = new RelayDesk({ ...LONG, holdMs: 1 });
  await desk.find('a', 'image', never);
  const second = desk.find('b', 'image', never);
  const offered = desk.offer('a', 'image', feeder('a'), never);
  const place = await second;
  await offered;
  t.true(place?.signal.aborted);
});

test('nobody else is sent to a feeder that was dropped', async (t) => {
  const desk = new RelayDesk({ ...LONG, fanOut: 1 });
  await desk.find('a', 'image', never);
  const second = desk.find('b', 'image', never);
  const third = desk.find('c', 'image', never);
  const offered = desk.offer('a', 'image', feeder('a'), never);
  const place = await second;
  place?.drop();
  t.false(place?.signal.aborted, 'what is under way may end');
  place?.[Symbol.dispose]();
  await offered;
  t.true(desk.isWanted('image'), 'the third one waits for the second');
  desk.leave('b');
  t.is(await third, undefined);
});
