import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { makeCached } from '../../../image-tools/guestfish/cache.ts';
import { scratch } from '../support/tinyImage.ts';

test('a folder of the cache that several make at once is there once and whole', async (t) => {
  await using here = await scratch();
  const folder = join(here.path, 'kernel');
  const fill = (name: string) => async (partial: string) => {
    await mkdir(join(partial, 'boot'));
    await writeFile(join(partial, 'boot/vmlinuz'), name);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => makeCached(folder, fill(name))));
  t.deepEqual(await readdir(here.path), ['kernel']);
  t.regex(await readFile(join(folder, 'boot/vmlinuz'), 'utf8'), /^[abc]$/);
});

test('a folder that cannot be filled leaves nothing', async (t) => {
  await using here = await scratch();
  const fill = async (partial: string) => {
    await writeFile(join(partial, 'half'), '');
    throw new Error('no network');
  };
  await t.throwsAsync(makeCached(join(here.path, 'kernel'), fill), { message: 'no network' });
  t.deepEqual(await readdir(here.path), []);
});
