import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  CHECKSUM_LEVELS,
  factsOf,
  hashExtents,
  hashWhole,
  withHoles,
} from '../../../image-tools/convert/checksums.ts';
import { HashThreads } from '../../../image-tools/convert/hashThread.ts';
import { MIB } from '../../../image-tools/values/bytes.ts';
import { seededRandom } from '../support/random.ts';
import { scratch } from '../support/tinyImage.ts';

type Extents = readonly { readonly offsetBytes: number; readonly sizeBytes: number }[];

const FILES: readonly [string, number, Extents][] = [
  ['nothing but a hole', 3 * MIB + 1, []],
  ['no hole', 2 * MIB + 7, [{ offsetBytes: 0, sizeBytes: 2 * MIB + 7 }]],
  ['holes before, between and after', 9 * MIB, at([1, 4096], [5, 2 * MIB + 512])],
  ['an extent longer than a piece', 40 * MIB, at([2, 35 * MIB])],
  ['an empty file', 0, []],
];

function at(...list: readonly (readonly [offsetMib: number, sizeBytes: number])[]): Extents {
  return list.map(([offsetMib, sizeBytes]) => ({ offsetBytes: offsetMib * MIB, sizeBytes }));
}

async function sparseFile(path: string, sizeBytes: number, extents: Extents): Promise<void> {
  const random = seededRandom(sizeBytes);
  await using file = await open(path, 'w');
  await file.truncate(sizeBytes);
  for (const extent of extents) {
    const data = Buffer.alloc(
      extent.sizeBytes,
      Uint8Array.from({ length: 509 }, () => random(256)),
    );
    await file.write(data, 0, data.length, extent.offsetBytes);
  }
}

const digest = (algorithm: string, bytes: Buffer) =>
  createHash(algorithm).update(bytes).digest('hex');

for (const [what, sizeBytes, extents] of FILES)
  test(`as if all were read: ${what}`, async (t) => {
    await using folder = await scratch();
    const path = join(folder.path, 'file');
    await sparseFile(path, sizeBytes, extents);
    const bytes = await readFile(path);
    const [sha256, md5] = [digest('sha256', bytes), digest('md5', bytes)];
    const file = { path, sizeBytes, extents };
    t.deepEqual(await hashWhole(file, 'data'), {});
    t.deepEqual(await hashWhole(file, 'sha256'), { sha256 });
    t.deepEqual(await hashWhole(file, 'md5'), { sha256, md5 });
    await using threads = new HashThreads();
    let coveredBytes = 0;
    for (const [offset, length, sum] of await hashExtents(file, threads)) {
      t.is(sum, digest('sha256', bytes.subarray(offset, offset + length)));
      coveredBytes += length;
    }
    t.is(
      coveredBytes,
      extents.reduce((sum, extent) => sum + extent.sizeBytes, 0),
    );
  });

test('withHoles covers every byte once, in order', (t) => {
  for (const [, sizeBytes, extents] of FILES) {
    let next = 0;
    for (const piece of withHoles({ sizeBytes, extents })) {
      t.is(piece.offsetBytes, next);
      t.true(piece.sizeBytes > 0);
      next += piece.sizeBytes;
    }
    t.is(next, sizeBytes);
  }
});

test('a small file has its SHA-256 at every level', async (t) => {
  await using folder = await scratch();
  const path = join(folder.path, 'file');
  await sparseFile(path, 1000, [{ offsetBytes: 0, sizeBytes: 1000 }]);
  const bytes = await readFile(path);
  for (const level of CHECKSUM_LEVELS) {
    const { sha256, md5 } = await factsOf(path, level);
    t.is(sha256, digest('sha256', bytes));
    t.is(md5, level === 'md5' ? digest('md5', bytes) : undefined);
  }
});

test('a file that is too short, and a signal, end the hashing', async (t) => {
  await using folder = await scratch();
  const path = join(folder.path, 'file');
  await sparseFile(path, 1000, []);
  const extents = [{ offsetBytes: 0, sizeBytes: 2000 }];
  await using threads = new HashThreads();
  const error: unknown = await hashExtents({ path, extents }, threads).catch(
    (reason: unknown) => reason,
  );
  t.regex(String(error), /ended at byte 1000 of 2000/);
  const controller = new AbortController();
  const hole = { path, sizeBytes: 2 ** 40, extents: [] };
  const hashing = hashWhole(hole, 'md5', controller.signal);
  controller.abort(new Error('enough'));
  await t.throwsAsync(hashing, { message: 'enough' });
});
