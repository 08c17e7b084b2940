import test from 'ava';
import { Digests, expectChecksum, parseChecksum } from '../../conductor/images/checksum.ts';

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('the number of digits tells the algorithm', (t) => {
  t.deepEqual(parseChecksum('AB'.repeat(16)), { algorithm: 'md5', value: 'ab'.repeat(16) });
  t.is(parseChecksum(` ${EMPTY_SHA256}\n`).algorithm, 'sha256');
  t.is(parseChecksum('0'.repeat(128)).algorithm, 'sha512');
});

const BAD = ['', 'abc', 'g'.repeat(64), '0'.repeat(40), `${'0'.repeat(63)} `];
for (const text of BAD)
  test(`no checksum: "${text}"`, (t) => {
    t.throws(() => parseChecksum(text), { code: 'IMAGE_CHECKSUM_INVALID' });
  });

test('an algorithm that does not fit the digits is refused', (t) => {
  const given = { algorithm: 'md5', value: EMPTY_SHA256 } as const;
  t.throws(() => parseChecksum(given), { code: 'IMAGE_CHECKSUM_INVALID', message: /no md5/ });
});

test('digests can be asked for midway', (t) => {
  const digests = new Digests(['sha256', 'md5']);
  t.is(digests.digest('sha256'), EMPTY_SHA256);
  digests.update(Buffer.from('abc'));
  t.is(digests.digest('md5'), '900150983cd24fb0d6963f7d28e17f72');
  t.throws(() => digests.digest('sha512'));
});

test('a mismatch says found and expected', (t) => {
  const expected = { algorithm: 'md5', value: 'b'.repeat(32) } as const;
  t.notThrows(() => expectChecksum('x', 'b'.repeat(32), expected));
  const message = /"x" has md5 aaaa, expected bbbb/;
  t.throws(() => expectChecksum('x', 'aaaa', expected), {
    code: 'IMAGE_CHECKSUM_MISMATCH',
    message,
  });
});
