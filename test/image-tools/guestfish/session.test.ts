import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import { failureIn, GuestfishSession } from '../../../image-tools/guestfish/session.ts';
import { scratch } from '../support/tinyImage.ts';

/** Speaks as guestfish does in its stdin mode, as far as the session relies on it. */
const FAKE = `#!/bin/sh
n=0
while read -r line; do
  n=$((n + 1))
  case $line in
    "echo "*) printf '%s\\n' "\${line#echo }" ;;
    -mark-*) printf '%s: unknown command\\n' "\${line#-}" >&2 ;;
    "-cat "*) printf 'mark-x\\nlibguestfs: error: only text\\n' ;;
    "-fail "*|-fail) printf '*stdin*:%s: libguestfs: error: it broke\\n' "$n" >&2 ;;
    "-odd"*) echo 'odd: unknown optional argument "x"' >&2 ;;
    "-warn"*) echo 'libguestfs: warning: very slow' >&2; echo fine ;;
    "-hang"*) exec sleep 60 ;;
    "-die"*) echo 'guestfish: out of memory' >&2; exit 3 ;;
    exit) exit 0 ;;
    *) echo ok ;;
  esac
done
`;

async function fake(): Promise<
  AsyncDisposable & { session: GuestfishSession; abort: AbortController }
> {
  const folder = await scratch();
  const program = join(folder.path, 'guestfish');
  await writeFile(program, FAKE);
  await chmod(program, 0o755);
  const abort = new AbortController();
  const env = { PATH: `${folder.path}:${process.env['PATH']}` };
  const session = new GuestfishSession({ env, signal: abort.signal });
  return {
    session,
    abort,
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('answers come to those who asked, also when asked all at once', async (t) => {
  await using one = await fake();
  const answers = await Promise.all([
    one.session.command('ls', ['/']),
    one.session.command('warn'),
    one.session.command('cat', ['/x']),
    one.session.command('ls', ['/']),
  ]);
  t.deepEqual(answers, ['ok\n', 'fine\n', 'mark-x\nlibguestfs: error: only text\n', 'ok\n']);
});

test('a failed command throws and the session goes on', async (t) => {
  await using one = await fake();
  const error = await t.throwsAsync(one.session.command('fail', ['/a b']));
  t.true(hasImageCode(error, 'GUEST_COMMAND_FAILED'));
  t.is(error.message, 'fail /a b: it broke');
  await t.throwsAsync(one.session.command('odd'), { message: /unknown optional argument/ });
  t.is(await one.session.command('ls'), 'ok\n');
});

test('a hanging command is stopped in its own time', async (t) => {
  await using one = await fake();
  const error = await t.throwsAsync(one.session.command('hang', [], 200));
  t.true(hasImageCode(error, 'PROGRAM_TIMED_OUT'));
});

test('a guestfish that dies says so, with its last words', async (t) => {
  await using one = await fake();
  const error = await t.throwsAsync(one.session.command('die'));
  t.true(hasImageCode(error, 'PROGRAM_FAILED'));
  t.regex(error.message, /exit status 3.*out of memory/);
});

test('an abort ends it with the reason', async (t) => {
  await using one = await fake();
  const hanging = one.session.command('hang');
  one.abort.abort(new Error('enough'));
  await t.throwsAsync(hanging, { message: /enough/ });
});

test('no guestfish: the package is named', async (t) => {
  await using session = new GuestfishSession({ env: { PATH: '/nonexistent' } });
  const error = await t.throwsAsync(session.command('ls'));
  t.true(hasImageCode(error, 'PROGRAM_MISSING'), String(error));
});

const COMPLAINTS: readonly [string, string | undefined][] = [
  ['', undefined],
  ['\n', undefined],
  ['libguestfs: warning: very slow\n', undefined],
  ['*stdin*:3: libguestfs: error: mount: no\n', 'mount: no'],
  ['libguestfs: error: x\n', 'x'],
  ['libguestfs: warning: slow\nadd: unknown argument\n', 'add: unknown argument'],
];

for (const [errors, failure] of COMPLAINTS)
  test(`standard error ${JSON.stringify(errors)}`, (t) => {
    t.is(failureIn(errors), failure);
  });
