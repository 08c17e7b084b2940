import test from 'ava';
import { Link, type Share } from '../../../conductor/deploy/admission/link.ts';
import { FakeClock } from './fakeClock.ts';

const RATE = 1_000_000;
const never = new AbortController().signal;

type Sender = { sentBytes: number };

/** Sends pieces without end, so many at once. */
function send(share: Share, pieceBytes: number, lanes: number, signal = never): Sender {
  const sender = { sentBytes: 0 };
  const lane = async () => {
    for (;;) {
      await share.take(pieceBytes, signal);
      sender.sentBytes += pieceBytes;
    }
  };
  for (let count = 0; count < lanes; count++) void lane().catch(() => {});
  return sender;
}

const near = (found: number, expected: number) => Math.abs(found / expected - 1) < 0.1;

test('all writes together have the rate, and each the same part, whatever they ask for', async (t) => {
  const clock = new FakeClock();
  const link = new Link(RATE, clock);
  const senders = [
    send(link.join(), 4096, 1),
    send(link.join(), 100_000, 1),
    send(link.join(), 50_000, 64),
    send(link.join(), 1000, 8),
  ];
  await clock.advance(40_000);
  for (const { sentBytes } of senders) t.true(near(sentBytes, 10 * RATE), `${sentBytes}`);
});

test('what a slow write leaves goes to the others', async (t) => {
  const clock = new FakeClock();
  const link = new Link(RATE, clock);
  const slow = link.join();
  const fast = send(link.join(), 10_000, 8);
  let slowBytes = 0;
  for (let second = 0; second < 20; second++) {
    void slow.take(10_000, never).then(() => (slowBytes += 10_000));
    await clock.advance(1000);
  }
  t.true(near(fast.sentBytes + slowBytes, 20 * RATE));
  t.is(slowBytes, 200_000, 'it got all that it asked for');
});

test('who comes late or was silent does not get what it did not ask for', async (t) => {
  const clock = new FakeClock();
  const link = new Link(RATE, clock);
  const early = send(link.join(), 10_000, 4);
  await clock.advance(30_000);
  const before = early.sentBytes;
  const late = send(link.join(), 10_000, 4);
  await clock.advance(10_000);
  t.true(near(early.sentBytes - before, 5 * RATE), `${early.sentBytes - before}`);
  t.true(near(late.sentBytes, 5 * RATE), `${late.sentBytes}`);
});

test('who is aborted leaves at once, and its part goes to the others', async (t) => {
  const clock = new FakeClock();
  const link = new Link(RATE, clock);
  const abort = new AbortController();
  const share = link.join();
  const gone = send(share, 10_000, 4, abort.signal);
  const other = send(link.join(), 10_000, 4);
  await clock.advance(1000);
  abort.abort(new Error('enough'));
  await t.throwsAsync(share.take(1, abort.signal), { message: 'enough' });
  const before = gone.sentBytes;
  const otherBefore = other.sentBytes;
  await clock.advance(10_000);
  t.is(gone.sentBytes, before);
  t.true(near(other.sentBytes - otherBefore, 10 * RATE));
});
