import { createHash } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { fetchImage, type FetchOptions } from '../../conductor/images/fetchImage.ts';
import { MIB } from '../../conductor/values/units.ts';
import { Random } from '../deploy/support/random.ts';
import { ImageServer } from './support/imageServer.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-fetch-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

const CONTENT = Buffer.concat([
  new Random(1).bytes(3 * MIB),
  Buffer.alloc(4 * MIB),
  Buffer.from('end'),
]);
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const MD5 = createHash('md5').update(CONTENT).digest('hex');

async function options(more: Partial<FetchOptions> = {}): Promise<FetchOptions> {
  const cacheDir = await mkdtemp(join(FOLDER, 'cache-'));
  return { cacheDir, allowedFolders: [], retryDelayMs: 1, stallTimeoutMs: 5000, ...more };
}

test('a download is stored sparse, with its digest, and leaves nothing half', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const set = await options({ checksum: MD5 });
  const progress: number[] = [];
  const onProgress = ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: unknown }) => {
    progress.push(doneBytes);
    t.is(totalBytes, CONTENT.length);
  };
  const file = await fetchImage(server.url(), { ...set, onProgress });
  t.deepEqual(
    { ...file, path: '' },
    { path: '', sizeBytes: CONTENT.length, sha256: SHA256, origin: 'download' },
  );
  t.true((await readFile(file.path)).equals(CONTENT));
  t.true((await stat(file.path)).blocks * 512 < 4 * MIB);
  t.is(progress.at(-1), CONTENT.length);
  t.is((await readdir(set.cacheDir)).length, 2);
});

test('with a checksum the second fetch asks nobody', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const set = await options({ checksum: { algorithm: 'sha256', value: SHA256 } });
  const first = await fetchImage(server.url(), set);
  const second = await fetchImage(server.url(), set);
  t.deepEqual(second, { ...first, origin: 'cache' });
  t.is(server.seen.length, 1);
});

test('without a checksum the server is asked whether the image changed', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const set = await options();
  await fetchImage(server.url(), set);
  t.is((await fetchImage(server.url(), set)).origin, 'cache');
  t.is(server.seen[1]?.headers['if-none-match'], '"v1"');
  server.content = Buffer.from('something new');
  server.etag = '"v2"';
  const third = await fetchImage(server.url(), set);
  t.is(third.origin, 'download');
  t.is(await readFile(third.path, 'utf8'), 'something new');
});

test('callers at the same time share one download', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const set = await options();
  const files = await Promise.all(Array.from({ length: 8 }, () => fetchImage(server.url(), set)));
  t.is(server.seen.length, 1);
  t.is(new Set(files.map((file) => file.path)).size, 1);
});

test('one caller leaving does not end the download of the others', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const set = await options();
  const controller = new AbortController();
  const leaving = fetchImage(server.url(), { ...set, signal: controller.signal });
  const staying = fetchImage(server.url(), set);
  controller.abort(new Error('gone'));
  await t.throwsAsync(leaving, { message: 'gone' });
  t.is((await staying).sizeBytes, CONTENT.length);
  t.is(server.seen.length, 1);
});

test('the last caller leaving stops the download, and the next goes on from there', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  server.behave = (n) => (n === 0 ? { breakAfterBytes: 2 * MIB, stall: true } : {});
  const set = await options();
  const controller = new AbortController();
  const onProgress = ({ doneBytes }: { doneBytes: number }) => {
    if (doneBytes === 2 * MIB) controller.abort(new Error('enough'));
  };
  const first = fetchImage(server.url(), { ...set, signal: controller.signal, onProgress });
  await t.throwsAsync(first, { message: 'enough' });
  const second = await fetchImage(server.url(), set);
  t.is(second.sha256, SHA256);
  t.is(server.seen[1]?.headers.range, `bytes=${2 * MIB}-`);
});

test('a broken connection goes on where it stopped', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  server.behave = (n) => (n < 6 ? { breakAfterBytes: MIB } : {});
  const file = await fetchImage(server.url(), await options({ checksum: SHA256 }));
  t.true((await readFile(file.path)).equals(CONTENT));
  t.true(server.seen.length >= 7);
  for (const { headers } of server.seen.slice(1)) t.is(headers['if-range'], '"v1"');
});

test('a new version midway starts again', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const other = new Random(2).bytes(2 * MIB);
  server.behave = (n) => {
    if (n === 1) Object.assign(server, { content: other, etag: '"v2"' });
    return n === 0 ? { breakAfterBytes: MIB } : {};
  };
  const file = await fetchImage(server.url(), await options());
  t.true((await readFile(file.path)).equals(other));
});

test('a server without ranges or versions is asked for everything again', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  Object.assign(server, { ranges: false, etag: undefined, tellsLength: false });
  server.behave = (n) => (n === 0 ? { breakAfterBytes: MIB } : {});
  const set = await options();
  const file = await fetchImage(server.url(), set);
  t.true((await readFile(file.path)).equals(CONTENT));
  t.is(server.seen[1]?.headers.range, undefined);
  t.is((await fetchImage(server.url(), set)).origin, 'download');
});

test('a connection that always breaks at the same place ends with an error', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  server.behave = (n) => ({ breakAfterBytes: n === 0 ? MIB : 0 });
  const fetching = fetchImage(server.url('/i?token=secret'), await options());
  const error = await t.throwsAsync(fetching, {
    code: 'IMAGE_DOWNLOAD_FAILED',
    message: /stopped at .* after 4 tries/,
  });
  t.false(error.message.includes('secret'));
});

test('a server that stalls is given up', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  server.behave = (n) => (n === 0 ? { breakAfterBytes: MIB, stall: true } : {});
  const file = await fetchImage(server.url(), await options({ stallTimeoutMs: 200 }));
  t.is(file.sha256, SHA256);
});

const STATUS: readonly [status: number, code: string, requests: number][] = [
  [404, 'IMAGE_NOT_FOUND', 1],
  [403, 'IMAGE_DOWNLOAD_REFUSED', 1],
  [401, 'IMAGE_DOWNLOAD_REFUSED', 1],
  [503, 'IMAGE_DOWNLOAD_FAILED', 4],
];
for (const [status, code, requests] of STATUS)
  test(`HTTP status ${status} is ${code}`, async (t) => {
    await using server = await ImageServer.start(CONTENT);
    server.behave = () => ({ status });
    const message = new RegExp(`${status}`);
    await t.throwsAsync(fetchImage(server.url(), await options()), { code, message });
    t.is(server.seen.length, requests);
  });

test('nobody listening is a failed download', async (t) => {
  const server = await ImageServer.start(CONTENT);
  const url = server.url();
  await server[Symbol.asyncDispose]();
  await t.throwsAsync(fetchImage(url, await options()), { code: 'IMAGE_DOWNLOAD_FAILED' });
});

test('a wrong digest leaves nothing in the cache', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const checksum = 'a'.repeat(64);
  const set = await options({ checksum });
  const message = new RegExp(`sha256 ${SHA256}, expected ${checksum}`);
  await t.throwsAsync(fetchImage(server.url(), set), { code: 'IMAGE_CHECKSUM_MISMATCH', message });
  t.deepEqual(await readdir(set.cacheDir), []);
});

test('a damaged entry is found by its digest and fetched again', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const set = await options({ checksum: SHA256 });
  const { path } = await fetchImage(server.url(), set);
  await writeFile(path, CONTENT.subarray(1));
  await utimes(path, 1, 1);
  const again = await fetchImage(server.url(), set);
  t.is(again.origin, 'download');
  t.true((await readFile(path)).equals(CONTENT));
});

test('an image over the limit is refused before its bytes are read', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const set = await options({ maxBytes: MIB });
  const error = { code: 'IMAGE_TOO_LARGE', message: /7\.0 MiB.*1\.0 MiB/ };
  await t.throwsAsync(fetchImage(server.url(), set), error);
  server.tellsLength = false;
  await t.throwsAsync(fetchImage(server.url('/other'), set), { code: 'IMAGE_TOO_LARGE' });
});

test('more than the file system can take is refused before it is sent', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  server.claimedLength = 2 ** 52;
  const fetching = fetchImage(server.url(), await options({ maxBytes: 2 ** 53 }));
  await t.throwsAsync(fetching, { code: 'IMAGE_CACHE_FULL', message: /free, expected 4096 TiB/ });
});

test('a web page in place of the image is refused', async (t) => {
  await using server = await ImageServer.start(Buffer.from('<!DOCTYPE html><p>Please log in'));
  const fetching = fetchImage(server.url('/disk.qcow2'), await options());
  await t.throwsAsync(fetching, { code: 'IMAGE_FORMAT_UNSUPPORTED', message: /web page/ });
});

test('the name in the URL is held against the content', async (t) => {
  await using server = await ImageServer.start(CONTENT);
  const set = await options();
  await t.throwsAsync(fetchImage(server.url('/a.qcow2'), set), { code: 'IMAGE_FORMAT_MISMATCH' });
  const declared = { ...set, expectedFormat: 'raw' } as const;
  t.is((await fetchImage(server.url('/a.qcow2'), declared)).sha256, SHA256);
});

for (const ref of ['image.raw', '/etc/passwd', 'ftp://h/i', 'glance:x', 'data:,x'])
  test(`not fetched: ${ref}`, async (t) => {
    const fetching = fetchImage(ref, await options());
    await t.throwsAsync(fetching, { code: 'IMAGE_SCHEME_UNSUPPORTED' });
  });

test('file: used in place, below the allowed folders only, links followed first', async (t) => {
  const allowed = await mkdtemp(join(FOLDER, 'allowed-'));
  const outside = await mkdtemp(join(FOLDER, 'allowed-'));
  const secret = join(outside, 'secret');
  const inside = join(allowed, 'an image');
  await writeFile(secret, 'secret');
  await writeFile(inside, CONTENT);
  await symlink(secret, join(allowed, 'link'));
  await symlink(inside, join(outside, 'link'));
  await mkdir(join(allowed, 'folder'));
  const set = await options({ allowedFolders: [`${allowed}/`, '/nowhere'] });
  const fetchPath = (path: string, more = {}) =>
    fetchImage(pathToFileURL(path).href, { ...set, ...more });
  const file = await fetchPath(inside, { checksum: SHA256 });
  t.deepEqual(file, { path: inside, sizeBytes: CONTENT.length, sha256: SHA256, origin: 'file' });
  t.is((await fetchPath(join(outside, 'link'))).path, inside);
  for (const path of [
    secret,
    join(allowed, 'link'),
    join(allowed, '..', 'x'),
    join(allowed, 'none'),
    `${allowed}x`,
    allowed,
  ])
    await t.throwsAsync(fetchPath(path), { code: 'IMAGE_PATH_NOT_ALLOWED' });
  await t.throwsAsync(fetchPath(join(allowed, 'folder')), { code: 'IMAGE_NOT_FOUND' });
  await t.throwsAsync(fetchImage('file://host/x', set), { code: 'IMAGE_NOT_FOUND' });
  const wrong = fetchPath(inside, { checksum: 'b'.repeat(32) });
  await t.throwsAsync(wrong, { code: 'IMAGE_CHECKSUM_MISMATCH', message: new RegExp(MD5) });
  t.deepEqual(await readdir(set.cacheDir), []);
});
