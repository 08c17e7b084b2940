import test from 'ava';
import { TokenBucket } from '../../../conductor/deploy/admission/tokenBucket.ts';

test('a piece larger than the bucket passes, and is paid back by those after it', (t) => {
  const bucket = new TokenBucket(1000, 100, 0);
  t.is(bucket.waitMs(0), 0);
  bucket.take(600, 0);
  t.is(bucket.waitMs(0), 500);
  t.is(bucket.waitMs(499), 1);
  t.is(bucket.waitMs(501), 0);
});

test('a pause fills the bucket once only', (t) => {
  const bucket = new TokenBucket(1000, 100, 0);
  bucket.take(100, 3_600_000);
  t.is(bucket.waitMs(3_600_000), 1);
});

test('the rate holds whatever the pieces are', (t) => {
  for (const piece of [1, 37, 1000, 50_000]) {
    const bucket = new TokenBucket(10_000, 100, 0);
    let [nowMs, sent] = [0, 0];
    while (sent < 200_000) {
      nowMs += bucket.waitMs(nowMs);
      bucket.take(piece, nowMs);
      sent += piece;
    }
    const leastMs = ((sent - 100 - piece) / 10_000) * 1000;
    t.true(nowMs >= leastMs - 1, `${piece}: ${nowMs} ms`);
    t.true(nowMs <= 20_000 * 1.1, `${piece}: ${nowMs} ms`);
  }
});
