import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { SparseFile } from '../../conductor/images/sparseFile.ts';
import { MIB } from '../../conductor/values/units.ts';
import { Random } from '../deploy/support/random.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-sparse-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

test('any chunking gives the same bytes, and zeros become holes', async (t) => {
  const random = new Random(5);
  const content = Buffer.alloc(4 * MIB + 777);
  for (const start of [0, MIB, 3 * MIB]) random.bytes(5000).copy(content, start);
  const path = join(FOLDER, 'chunks');
  let done = 0;
  while (done < content.length) {
    // Some pieces in each life of the file, as after a restart.
    await using file = await SparseFile.open(path, done);
    for (let piece = 0; piece < 20; piece++) {
      const length = 1 + random.below(100_000);
      await file.append(content.subarray(done, done + length));
      done = Math.min(content.length, done + length);
    }
    t.is(file.sizeBytes, done);
    await file.sync();
  }
  t.true((await readFile(path)).equals(content));
  const { blocks } = await stat(path);
  t.true(blocks * 512 < MIB, `${blocks} blocks are allocated`);
});

test('opening at an earlier point cuts off what stood behind', async (t) => {
  const path = join(FOLDER, 'cut');
  {
    await using file = await SparseFile.open(path, 0);
    await file.append(Buffer.from('abcdef'));
    await file.sync();
  }
  {
    await using file = await SparseFile.open(path, 3);
    await file.append(Buffer.from('X'));
    await file.sync();
    t.is(await readFile(path, 'utf8'), 'abcX');
    await file.clear();
    t.is(file.sizeBytes, 0);
  }
  t.is(await readFile(path, 'utf8'), '');
});
