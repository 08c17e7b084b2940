import test from 'ava';
import { hasCode } from '../../../conductor/errors/error.ts';
import {
  chapResponse,
  checkTargetResponse,
  encodeBinary,
  parseBinary,
  parseChallenge,
} from '../../../conductor/iscsi/login/chap.ts';

/** Seen when logging in to tgtd 1.0.85 with the secret `0123456789ab`, which it accepted. */
const CHALLENGE = new Map([
  ['CHAP_A', '5'],
  ['CHAP_I', '1'],
  [
    'CHAP_C',
    '0xd469b65fabcd5f356efe0a7f88d6803500ba7d76119ad2ab736bdddc03a087ba3d1d5a586decd63be35ae2dab65f61a56f6f',
  ],
]);
const MD5 = { number: 5, hash: 'md5' } as const;

test('answers as tgtd expects', (t) => {
  const { algorithm, ...challenge } = parseChallenge(CHALLENGE);
  const answer = chapResponse(algorithm, challenge, '0123456789ab');
  t.is(encodeBinary(answer), '0x76d49a8b754a5d6ecee7790bd48444cd');
});

test('7 is SHA-256', (t) => {
  const { algorithm, ...challenge } = parseChallenge(new Map(CHALLENGE).set('CHAP_A', '7'));
  t.is(chapResponse(algorithm, challenge, 'secret').length, 32);
});

for (const [key, value] of [
  ['CHAP_A', '6'],
  ['CHAP_A', ''],
  ['CHAP_I', '256'],
  ['CHAP_I', 'x'],
  ['CHAP_C', 'c4fd'],
  ['CHAP_C', '0x'],
  ['CHAP_C', `0x${'00'.repeat(1025)}`],
] as const)
  test(`refuses the challenge with ${key}=${value.slice(0, 10)}`, (t) => {
    const error = t.throws(() => parseChallenge(new Map(CHALLENGE).set(key, value)));
    t.true(hasCode(error, 'ISCSI_NEGOTIATION_FAILED'));
  });

test('reads hex of odd length and base64', (t) => {
  t.is(parseBinary('CHAP_C', '0xabc').toString('hex'), '0abc');
  t.is(parseBinary('CHAP_C', '0bAQID').toString('hex'), '010203');
});

const SENT = { id: 9, challenge: Buffer.from('our challenge') };
const ACCOUNT = { username: 'target', password: 'the other secret' };
const GOOD = encodeBinary(chapResponse(MD5, SENT, ACCOUNT.password));

for (const { name, keys, good } of [
  { name: 'the right secret', keys: { CHAP_N: 'target', CHAP_R: GOOD }, good: true },
  { name: 'a wrong name', keys: { CHAP_N: 'someone', CHAP_R: GOOD }, good: false },
  {
    name: 'a wrong secret',
    keys: { CHAP_N: 'target', CHAP_R: `0x${'00'.repeat(16)}` },
    good: false,
  },
  { name: 'a short answer', keys: { CHAP_N: 'target', CHAP_R: '0x00' }, good: false },
  { name: 'no answer', keys: { CHAP_N: 'target' }, good: false },
])
  test(`mutual CHAP with ${name}`, (t) => {
    const check = (): void =>
      checkTargetResponse(new Map(Object.entries(keys)), MD5, SENT, ACCOUNT);
    if (good) t.notThrows(check);
    else t.true(hasCode(t.throws(check), 'ISCSI_TARGET_NOT_AUTHENTIC'));
  });
