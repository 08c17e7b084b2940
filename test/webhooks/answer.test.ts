import test from 'ava';
import { type Attempt, verdictOf } from '../../conductor/webhooks/answer.ts';

const BACK_OFF = { firstMs: 1000, longestMs: 300_000 };
const again = (waitMs: number) => ({ kind: 'again', waitMs });

const VERDICTS: readonly (readonly [name: string, attempt: Attempt, expected: object])[] = [
  ['200', { status: 200, failures: 1 }, { kind: 'accepted' }],
  ['204', { status: 204, failures: 9 }, { kind: 'accepted' }],
  ['no answer', { failures: 1 }, again(1000)],
  ['a second failure waits twice as long', { failures: 2 }, again(2000)],
  ['the wait has a bound', { failures: 5000 }, again(300_000)],
  ['a redirect', { status: 302, failures: 1 }, again(1000)],
  ['a receiver that is not there', { status: 404, failures: 40 }, again(300_000)],
  ['what it cannot read, at first', { status: 400, failures: 4 }, again(8000)],
  ['what it cannot read, again and again', { status: 400, failures: 5 }, { kind: 'skip' }],
  ['a wait that is asked for', { status: 429, retryAfter: '7', failures: 1 }, again(7000)],
  ['one shorter than ours', { status: 503, retryAfter: '0', failures: 3 }, again(4000)],
  ['one without end', { status: 503, retryAfter: '999999', failures: 1 }, again(300_000)],
  [
    'a date',
    { status: 503, retryAfter: 'Mon, 01 Jan 2035 00:00:00 GMT', failures: 1 },
    again(1000),
  ],
];

for (const [name, attempt, expected] of VERDICTS)
  test(name, (t) => {
    t.deepEqual(verdictOf(attempt, BACK_OFF, 1) as object, expected);
  });

test('chance takes off half of the wait at most', (t) => {
  t.deepEqual(verdictOf({ failures: 3 }, BACK_OFF, 0), { kind: 'again', waitMs: 2000 });
});
