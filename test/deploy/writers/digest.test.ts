import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fileExtent, zeroExtent } from '../../../conductor/deploy/plan/extents.ts';
import type { Extent } from '../../../conductor/deploy/plan/types.ts';
import { PlanDigests } from '../../../conductor/deploy/writers/digest.ts';
import { Sources } from '../../../conductor/deploy/writers/sources.ts';
import { MIB } from '../../../conductor/values/units.ts';
import { Random } from '../support/random.ts';

const folder = await mkdtemp(join(tmpdir(), 'ironpxe-digest-'));
test.after.always(() => rm(folder, { recursive: true, force: true }));

const BYTES = new Random(7).bytes(3 * MIB);

function sha256(...parts: readonly Buffer[]): string {
  return createHash('sha256').update(Buffer.concat(parts)).digest('hex');
}

async function digestOf(extents: readonly Extent[], start: number, end: number): Promise<string> {
  const plan = { diskSizeBytes: 64 * MIB, extents, commit: [], partitions: [] };
  await using sources = await Sources.open({
    ...plan,
    rootDevice: undefined,
    diskIdentifier: undefined,
  });
  return await new PlanDigests(extents, sources).of({ start, end });
}

test('a range over data, a hole and data', async (t) => {
  const path = join(folder, 'mixed');
  await writeFile(path, BYTES);
  const extents = [
    fileExtent({ start: 0, end: MIB }, path, 0),
    zeroExtent({ start: MIB, end: 2 * MIB }),
    fileExtent({ start: 2 * MIB, end: 4 * MIB }, path, MIB),
  ];
  const expected = sha256(
    BYTES.subarray(512, MIB),
    Buffer.alloc(MIB),
    BYTES.subarray(MIB, 2 * MIB),
  );
  t.is(await digestOf(extents, 512, 3 * MIB), expected);
  t.is(await digestOf(extents, 512, 3 * MIB), expected);
  await t.throwsAsync(digestOf(extents, 0, 5 * MIB), { message: /nothing of byte 4194304/ });
});

test('the same bytes elsewhere on the disk, and other bytes at the same place', async (t) => {
  const path = join(folder, 'places');
  await writeFile(path, BYTES);
  const here = [fileExtent({ start: 0, end: MIB }, path, 0)];
  const there = [fileExtent({ start: 8 * MIB, end: 9 * MIB }, path, 0)];
  const other = [fileExtent({ start: 0, end: MIB }, path, MIB)];
  const digest = sha256(BYTES.subarray(0, MIB));
  t.is(await digestOf(here, 0, MIB), digest);
  t.is(await digestOf(there, 8 * MIB, 9 * MIB), digest);
  t.is(await digestOf(other, 0, MIB), sha256(BYTES.subarray(MIB, 2 * MIB)));
});

test('a file that changed is read anew, also with its old size and time', async (t) => {
  const path = join(folder, 'changed');
  await writeFile(path, BYTES);
  await utimes(path, 1000, 1000);
  const extents = [fileExtent({ start: 0, end: MIB }, path, 0)];
  t.is(await digestOf(extents, 0, MIB), sha256(BYTES.subarray(0, MIB)));
  {
    await using file = await open(path, 'r+');
    await file.write(Buffer.from([(BYTES[5] ?? 0) ^ 1]), 0, 1, 5);
  }
  await utimes(path, 1000, 1000);
  const changed = Buffer.from(BYTES.subarray(0, MIB));
  changed.writeUInt8((BYTES[5] ?? 0) ^ 1, 5);
  t.is(await digestOf(extents, 0, MIB), sha256(changed));
});
