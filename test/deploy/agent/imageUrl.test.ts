import test from 'ava';
import { imageUrl, isGranted } from '../../../conductor/deploy/agent/imageUrl.ts';

const grant = { operationUuid: 'o-1', expiresAtSeconds: 1000 };
const url = new URL(imageUrl('http://10.0.0.1:8088', grant, 'key'));
const asked = {
  operationUuid: url.pathname.split('/').at(-1),
  expires: url.searchParams.get('expires') ?? undefined,
  signature: url.searchParams.get('signature') ?? undefined,
};

const CASES: readonly (readonly [
  name: string,
  change: Partial<Record<keyof typeof asked, string>>,
  secret: string,
  nowMs: number,
  granted: boolean,
])[] = [
  ['as given', {}, 'key', 999_999, true],
  ['expired', {}, 'key', 1_000_000, false],
  ['another key', {}, 'other', 0, false],
  ['another operation', { operationUuid: 'o-2' }, 'key', 0, false],
  ['a later end', { expires: '2000' }, 'key', 0, false],
  ['no number', { expires: 'x' }, 'key', 0, false],
  ['a short signature', { signature: 'ab' }, 'key', 0, false],
  ['no signature', { signature: '' }, 'key', 0, false],
];

for (const [name, change, secret, nowMs, granted] of CASES)
  test(`${name}: ${granted ? 'granted' : 'refused'}`, (t) => {
    t.is(isGranted({ ...asked, ...change }, secret, nowMs), granted);
  });
