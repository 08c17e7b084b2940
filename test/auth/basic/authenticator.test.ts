import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import bcrypt from 'bcrypt';
import { basicAuthenticator, parseBasic } from '../../../conductor/auth/basic/authenticator.ts';
import { parseHtpasswd } from '../../../conductor/auth/basic/htpasswd.ts';
import { Random } from '../../deploy/support/random.ts';

/** As `htpasswd -nbB -C 5 myName myPassword` printed it. */
const LINE = 'myName:$2y$05$.X3RSF1z3Q5rxbClAZjg1.xujw7TOTS.fG7Mh8N2MgvyR7c32AmG6';

const header = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

async function userFile(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-auth-'));
  const path = join(folder, 'users');
  const write = async (content: string) => {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  };
  await write(text);
  return { path, write, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test('a line of htpasswd lets its user in with the right password only', async (t) => {
  await using file = await userFile(`# operators\n\n${LINE}\n`);
  const { authenticate, challenge } = await basicAuthenticator(file.path);
  t.is(challenge, 'Basic realm="Baremetal API"');
  t.is(await authenticate(header('myName', 'myPassword')), 'everything');
  const wrong = [
    header('myName', 'mypassword'),
    header('myName', ''),
    header('myName', 'myPassword\0x'),
    header('other', 'myPassword'),
    header('', 'myPassword'),
    { authorization: 'Basic' },
    { authorization: 'Basic !!' },
    { authorization: 'Bearer abc' },
    {},
  ];
  for (const headers of wrong)
    await t.throwsAsync(authenticate(headers), { code: 'UNAUTHORIZED' }, JSON.stringify(headers));
});

test('a change of the file counts at once; a broken file lets nobody in', async (t) => {
  await using file = await userFile(LINE);
  const { authenticate } = await basicAuthenticator(file.path);
  const mine = header('myName', 'myPassword');
  t.is(await authenticate(mine), 'everything');
  await file.write(`myName:${(await bcrypt.hash('new', 4)).replace('$2b$', '$2y$')}`);
  await t.throwsAsync(authenticate(mine), { code: 'UNAUTHORIZED' });
  t.is(await authenticate(header('myName', 'new')), 'everything');
  await file.write('myName:plain');
  await t.throwsAsync(authenticate(header('myName', 'new')), { code: 'AUTH_UNAVAILABLE' });
  await file.write(LINE);
  t.is(await authenticate(mine), 'everything');
});

test('a password is hashed once, few at a time, and a flood is turned away', async (t) => {
  await using file = await userFile(LINE);
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const flooded = Promise.withResolvers<void>();
  const counts = { running: 0, most: 0, hashes: 0, refused: 0 };
  const compare = async (password: string) => {
    begun.resolve();
    counts.hashes += 1;
    counts.most = Math.max(counts.most, (counts.running += 1));
    await gate.promise;
    counts.running -= 1;
    return password === 'myPassword';
  };
  const { authenticate } = await basicAuthenticator(file.path, compare);
  const mine = header('myName', 'myPassword');
  const asked = [authenticate(mine), authenticate(mine)];
  await begun.promise;
  // One hash runs; of 200 guesses one runs as well, 32 wait, and 167 are turned away.
  const flood = Array.from({ length: 200 }, async (_, index) => {
    const error = await t.throwsAsync<Error & { code: string }>(
      authenticate(header('myName', `guess ${index}`)),
    );
    if (error?.code === 'AUTH_BUSY' && (counts.refused += 1) === 167) flooded.resolve();
  });
  await flooded.promise;
  gate.resolve();
  await Promise.all(flood);
  t.deepEqual(await Promise.all(asked), ['everything', 'everything']);
  t.deepEqual(counts, { running: 0, most: 2, hashes: 34, refused: 167 });
  t.is(await authenticate(mine), 'everything');
  t.is(counts.hashes, 34);
});

const FAULTS: readonly (readonly [text: string, message: RegExp])[] = [
  ['a:b', /line 1: no bcrypt hash of the form \$2y\$/],
  [`${LINE}\n${LINE}`, /line 2: the user stands in a line before/],
  [LINE.slice(6), /line 1: there is no user/],
  [LINE.replace('$2y$', '$2b$'), /line 1: no bcrypt/],
  [LINE.replace('$05$', '$20$'), /line 1: the cost of the hash is 20, expected 04 to 14/],
  ['user', /line 1: no bcrypt/],
];

test('bad lines are named by number, and never quoted', (t) => {
  for (const [text, message] of FAULTS) {
    const error = t.throws(() => parseHtpasswd(text, '/users'), { code: 'AUTH_USER_FILE_INVALID' });
    t.regex(error?.message ?? '', message);
    t.false(error?.message.includes(LINE.slice(-20)));
  }
  t.is(parseHtpasswd(`${LINE}\r\n`, '/users').size, 1);
});

test('any header parses to a user and password or to nothing', (t) => {
  const random = new Random(7);
  for (let round = 0; round < 5000; round++) {
    const bytes = random.bytes(random.below(60));
    const text = bytes.toString(round % 2 === 0 ? 'latin1' : 'base64');
    const parsed = parseBasic(round % 3 === 0 ? text : `Basic ${text}`);
    if (parsed !== undefined) t.true(parsed.user.length > 0 && !parsed.user.includes(':'));
  }
  t.deepEqual(parseBasic(header('a', 'b:c').authorization), { user: 'a', password: 'b:c' });
});
