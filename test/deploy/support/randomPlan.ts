import { writeFile } from 'node:fs/promises';
import { MIB } from '../../../conductor/values/units.ts';
import { arrangeExtents, sourceFiles } from '../../../conductor/deploy/plan/assemble.ts';
import { fileExtent, zeroExtent } from '../../../conductor/deploy/plan/extents.ts';
import type { DiskPlan, Extent } from '../../../conductor/deploy/plan/types.ts';
import type { Random } from './random.ts';

export const BLOCK = 512;
const TABLE = 16 * 1024;

/** A plan for a disk of `sizeBytes` with random holes, and the content that it must lead to. */
export type Case = {
  readonly plan: DiskPlan;
  /** Expected bytes where the plan says something; elsewhere the disk's old ones stay. */
  readonly expected: (old: Buffer) => Buffer;
};

/** Makes a source file at `path` and a plan that scatters it over a disk; the table comes last. */
export async function randomPlan(random: Random, path: string, sizeBytes: number): Promise<Case> {
  const source = random.bytes(sizeBytes + 100);
  await writeFile(path, source);
  const commit = [
    fileExtent({ start: sizeBytes - TABLE, end: sizeBytes }, path, sizeBytes - TABLE),
    fileExtent({ start: 0, end: MIB }, path, 0),
  ];
  const contents = randomExtents(random, path, sizeBytes - TABLE);
  const zeroWishes = [{ start: sizeBytes - 2 * MIB, end: sizeBytes }];
  const extents = arrangeExtents({ diskSizeBytes: sizeBytes, contents, zeroWishes, commit });
  const plan: DiskPlan = {
    diskSizeBytes: sizeBytes,
    extents,
    commit,
    sources: await sourceFiles({ extents, commit }),
    partitions: [],
    rootDevice: undefined,
    diskIdentifier: undefined,
  };
  return { plan, expected: (old) => apply([...extents, ...commit], source, old) };
}

function randomExtents(random: Random, path: string, end: number): readonly Extent[] {
  const extents: Extent[] = [];
  for (let start = MIB; start < end;) {
    const stop = Math.min(end, start + BLOCK * (1 + random.below(1500)));
    const kind = random.below(4);
    // Sources overlap and lie anywhere, as the clusters of a qcow2 file do.
    if (kind <= 1) extents.push(fileExtent({ start, end: stop }, path, random.below(MIB)));
    if (kind === 2) extents.push(zeroExtent({ start, end: stop }));
    start = stop;
  }
  return extents;
}

function apply(extents: readonly Extent[], file: Buffer, old: Buffer): Buffer {
  const disk = Buffer.from(old);
  for (const { source, targetOffsetBytes: start, lengthBytes } of extents) {
    if (source.kind === 'zero') disk.fill(0, start, start + lengthBytes);
    else file.copy(disk, start, source.offsetBytes, source.offsetBytes + lengthBytes);
  }
  return disk;
}
