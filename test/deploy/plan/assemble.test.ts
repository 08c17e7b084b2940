import test from 'ava';
import { arrangeExtents } from '../../../conductor/deploy/plan/assemble.ts';
import {
  fileExtent,
  joinExtents,
  rangeOf,
  zeroExtent,
} from '../../../conductor/deploy/plan/extents.ts';
import { intersect, type Range } from '../../../conductor/deploy/plan/ranges.ts';
import { signatureRanges } from '../../../conductor/deploy/plan/signatures.ts';
import { summarizePlan } from '../../../conductor/deploy/plan/summarizePlan.ts';
import type { Extent } from '../../../conductor/deploy/plan/types.ts';
import { GIB, KIB, MIB } from '../../../conductor/values/units.ts';
import { Random } from '../support/random.ts';

function brief(extents: readonly Extent[]): string[] {
  return extents.map(({ source, targetOffsetBytes, lengthBytes }) => {
    const from = source.kind === 'file' ? `${source.path}@${source.offsetBytes / KIB}` : 'zero';
    return `${targetOffsetBytes / KIB}+${lengthBytes / KIB} ${from}`;
  });
}

function kib(start: number, end: number): Range {
  return { start: start * KIB, end: end * KIB };
}

test('neighbours are joined when disk and source both go on', (t) => {
  const extents = [
    fileExtent(kib(8, 12), 'a', 4 * KIB),
    fileExtent(kib(4, 8), 'a', 0),
    fileExtent(kib(12, 16), 'a', 0),
    fileExtent(kib(16, 20), 'b', 4 * KIB),
    zeroExtent(kib(20, 24)),
    zeroExtent(kib(24, 28)),
    zeroExtent(kib(32, 36)),
  ];
  t.deepEqual(brief(joinExtents(extents)), [
    '4+8 a@0',
    '12+4 a@0',
    '16+4 b@4',
    '20+8 zero',
    '32+4 zero',
  ]);
});

test('edges first, zeros before data; committed places are zero until then', (t) => {
  const extents = arrangeExtents({
    diskSizeBytes: 16 * MIB,
    contents: [fileExtent(kib(512, 4096), 'a', 0), fileExtent(kib(15 * 1024, 16 * 1024), 'b', 0)],
    zeroWishes: [kib(3000, 5000), kib(14 * 1024, 16 * 1024)],
    commit: [fileExtent(kib(16 * 1024 - 16, 16 * 1024), 't', 0), fileExtent(kib(0, 1024), 't', 0)],
  });
  t.deepEqual(brief(extents), [
    '0+1024 zero',
    '14336+1024 zero',
    '16368+16 zero',
    '15360+1008 b@0',
    '1024+3072 a@512',
    '4096+904 zero',
  ]);
});

test('random parts: nothing overlaps, and all that is wanted is there', (t) => {
  const random = new Random(4);
  for (let round = 0; round < 300; round++) {
    const diskSizeBytes = (6 + random.below(20)) * MIB;
    const contents: Extent[] = [];
    for (let start = 0; start < diskSizeBytes; start += random.below(MIB) & ~511) {
      const end = Math.min(diskSizeBytes, start + 512 * (1 + random.below(2000)));
      contents.push(fileExtent({ start, end }, 'a', start));
      start = end;
    }
    const commit = [fileExtent({ start: 0, end: MIB }, 't', 0)];
    const zeroWishes = signatureRanges({ start: MIB, end: diskSizeBytes });
    const extents = arrangeExtents({ diskSizeBytes, contents, zeroWishes, commit });
    const sorted = extents.map(rangeOf).toSorted((a, b) => a.start - b.start);
    sorted.forEach((range, n) => n > 0 && t.true(range.start >= (sorted[n - 1]?.end ?? 0)));
    const covered = (wanted: Range) =>
      sorted.reduce((sum, range) => {
        const common = intersect(range, wanted);
        return sum + (common ? common.end - common.start : 0);
      }, 0);
    for (const wanted of [...zeroWishes, ...contents.map(rangeOf), { start: 0, end: MIB }])
      t.is(covered(wanted), wanted.end - wanted.start);
    t.deepEqual(brief(extents.slice(0, 1)), ['0+1024 zero']);
  }
});

test('signatures may stand at both ends and where btrfs keeps copies', (t) => {
  const places = (start: number, end: number) => signatureRanges({ start, end });
  t.deepEqual(places(MIB, 300 * GIB), [
    { start: MIB, end: 9 * MIB },
    { start: 65 * MIB, end: 65 * MIB + 64 * KIB },
    { start: MIB + 256 * GIB, end: MIB + 256 * GIB + 64 * KIB },
    { start: 300 * GIB - 2 * MIB, end: 300 * GIB },
  ]);
  t.deepEqual(places(MIB, 2 * MIB), [
    { start: MIB, end: 2 * MIB },
    { start: MIB, end: 2 * MIB },
  ]);
  t.deepEqual(places(MIB, MIB), []);
});

test('a summary adds up', (t) => {
  const extents = [zeroExtent(kib(0, 4)), fileExtent(kib(4, 6), 'a', 0)];
  const summary = summarizePlan({ extents, commit: [fileExtent(kib(0, 1), 'a', 0)] });
  t.deepEqual(summary, { dataBytes: 3 * KIB, zeroBytes: 4 * KIB, extents: 3 });
});
