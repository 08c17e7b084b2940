import test from 'ava';
import { hasCode } from '../../../conductor/errors/error.ts';
import { decodeText, encodeText } from '../../../conductor/iscsi/login/text.ts';

const PAIRS = [
  ['TargetName', 'iqn.2026-11.test:a'],
  ['CHAP_C', '0x00=='],
  ['TargetAlias', ''],
] as const;

test('comes out as it went in', (t) => {
  t.deepEqual(
    [...decodeText(encodeText(PAIRS))],
    PAIRS.map(([key, value]) => [key, value]),
  );
});

for (const bad of ['HeaderDigest\0', '=None\0', 'A=1\0A=2\0', `${'k'.repeat(64)}=1\0`])
  test(`refuses ${JSON.stringify(bad.slice(0, 20))}`, (t) => {
    const error = t.throws(() => decodeText(Buffer.from(bad)));
    t.true(hasCode(error, 'ISCSI_NEGOTIATION_FAILED'));
  });

test('bears padding that is counted as data', (t) => {
  t.is(decodeText(Buffer.from('A=1\0\0\0')).size, 1);
});

test('a NUL cannot be smuggled in', (t) => {
  t.throws(() => encodeText([['TargetName', 'a\0AuthMethod=None']]), { instanceOf: RangeError });
});
