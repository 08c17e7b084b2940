import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fetchImage } from '../../conductor/images/fetchImage.ts';
import { type CacheLimits, pruneCache } from '../../conductor/images/pruneCache.ts';
import { ImageServer } from './support/imageServer.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-prune-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

const MIB = 1024 ** 2;
const HOUR_MS = 3600 * 1000;
const NONE: CacheLimits = { maxBytes: Infinity, maxAgeMs: Infinity, inUseSinceMs: Infinity };
/** Entries of 1 MiB: letter → hours since their last use. */
const HOURS = { a: 5, b: 4, c: 3, d: 2, e: 1 } as const;
const STRANGER = 'a file of somebody else';

/** A cache with one entry for each letter, of one kind of files each. */
async function makeCache(): Promise<string> {
  const cacheDir = await mkdtemp(join(FOLDER, 'cache-'));
  for (const [letter, hours] of Object.entries(HOURS)) {
    const key = join(cacheDir, letter.repeat(32));
    const path = letter === 'b' ? `${key}.raw` : letter === 'c' ? `${key}.partial` : key;
    await writeFile(path, Buffer.alloc(MIB, 1));
    await writeFile(`${path}.json`, '{}');
    const usedAt = new Date(Date.now() - hours * HOUR_MS);
    for (const file of [path, `${path}.json`]) await utimes(file, usedAt, usedAt);
  }
  await writeFile(join(cacheDir, STRANGER), 'x');
  return cacheDir;
}

const ROWS: readonly (readonly [title: string, limits: Partial<CacheLimits>, left: string])[] = [
  ['nothing is too much', {}, 'abcde'],
  ['what is too old goes', { maxAgeMs: 3.5 * HOUR_MS }, 'cde'],
  ['the least recently used go first', { maxBytes: 3.5 * MIB }, 'cde'],
  ['both', { maxAgeMs: 4.5 * HOUR_MS, maxBytes: 2.5 * MIB }, 'de'],
  ['all', { maxBytes: 0 }, ''],
  ['what is in use stays', { maxBytes: 0, inUseSinceMs: Date.now() - 3.5 * HOUR_MS }, 'cde'],
  ['also what is old', { maxAgeMs: 0, inUseSinceMs: Date.now() - 1.5 * HOUR_MS }, 'e'],
];
for (const [title, limits, left] of ROWS)
  test(title, async (t) => {
    const cacheDir = await makeCache();
    const freed = await pruneCache(cacheDir, { ...NONE, ...limits });
    const names = await readdir(cacheDir);
    t.is(names.filter((name) => name === STRANGER).length, 1);
    const letters = names.filter((name) => name !== STRANGER).map((name) => name.slice(0, 1));
    t.is(letters.toSorted().join(''), left.replaceAll(/./g, '$&$&'));
    const goneBytes = (5 - left.length) * MIB;
    t.true(freed >= goneBytes && freed < goneBytes + MIB, String(freed));
  });

test('a file system that is too full: all that is not in use goes', async (t) => {
  const cacheDir = await makeCache();
  await pruneCache(cacheDir, { ...NONE, inUseSinceMs: Date.now() - 2.5 * HOUR_MS }, 2 ** 52);
  t.is((await readdir(cacheDir)).length, 5);
});

test('a cache that is not there', async (t) => {
  t.is(await pruneCache(join(FOLDER, 'nowhere'), NONE), 0);
});

test('an image that is asked for again counts as used, and one that went is fetched again', async (t) => {
  await using server = await ImageServer.start(Buffer.alloc(MIB, 1));
  const cacheDir = join(FOLDER, 'again');
  await mkdir(cacheDir);
  const options = { cacheDir, allowedFolders: [], retryDelayMs: 1 };
  const { path } = await fetchImage(server.url(), options);
  const longAgo = new Date(Date.now() - HOUR_MS);
  for (const file of [path, `${path}.json`]) await utimes(file, longAgo, longAgo);
  // Changed times make it be hashed again; it is still the same.
  t.is((await fetchImage(server.url(), options)).origin, 'cache');
  const limits = { ...NONE, maxAgeMs: HOUR_MS / 2 };
  t.is(await pruneCache(cacheDir, limits), 0);
  await utimes(`${path}.json`, longAgo, longAgo);
  t.true((await pruneCache(cacheDir, limits)) >= MIB);
  t.deepEqual(await readdir(cacheDir), []);
  t.is((await fetchImage(server.url(), options)).origin, 'download');
});

test('room is made before a download that tells its length', async (t) => {
  await using server = await ImageServer.start(Buffer.alloc(MIB, 1));
  const asked: number[] = [];
  const makeRoom = async (neededBytes: number) => asked.push(neededBytes);
  const cacheDir = await mkdtemp(join(FOLDER, 'cache-'));
  const options = { cacheDir, allowedFolders: [], makeRoom };
  await fetchImage(server.url(), options);
  await fetchImage(server.url(), options);
  t.deepEqual(asked, [MIB]);
});
