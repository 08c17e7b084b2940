import { createHmac } from 'node:crypto';
import test from 'ava';
import { codeOf, sessionKey } from '../../conductor/deploy/ramdisk/secrets.ts';
import { FakeRoot } from './shell.ts';

const KEYS = ['A', 'A1B2C3D4E5F6G7H8', 'x'.repeat(63), 'f'.repeat(64), "it's %s \\x41"];

for (const key of KEYS) {
  test(`hmac: the same as OpenSSL's with the key ${key}`, async (t) => {
    await using root = await FakeRoot.create({ key, text: 'a line\nand another\n' });
    const { stdout } = await root.run(
      'hmac_key k "$(cat "$SYSROOT/key")"; hmac k <"$SYSROOT/text"; printf "" | hmac k',
    );
    const hmac = (text: string) => createHmac('sha256', key).update(text).digest('hex');
    t.deepEqual(stdout.split('\n'), [hmac('a line\nand another\n'), hmac('')]);
  });
}

test('both sides make the same session of the same numbers', async (t) => {
  const [ours, theirs] = ['1'.repeat(64), 'e'.repeat(64)];
  await using root = await FakeRoot.create({ 'proc/cmdline': 'deployment_key=SECRET' });
  const { stdout } = await root.run(`agree_on_session ${ours} ${theirs}; session_secret 'chap x'`);
  t.is(stdout, codeOf(sessionKey('SECRET', ours, theirs), [], 'chap x').slice(0, 24));
});

const NUMBERS = [
  ['0'.repeat(64), 'yes'],
  ['0'.repeat(63), 'no'],
  [`${'0'.repeat(63)}G`, 'no'],
  ['', 'no'],
] as const;

test('random numbers are 64 digits', async (t) => {
  await using root = await FakeRoot.create({});
  const lines = NUMBERS.map(([text]) => `is_hex64 "${text}" && echo yes || echo no`);
  const { stdout } = await root.run([...lines, 'is_hex64 "$(random_hex)" && echo yes'].join('\n'));
  t.deepEqual(stdout.split('\n'), [...NUMBERS.map(([, answer]) => answer), 'yes']);
});
