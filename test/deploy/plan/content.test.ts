import test from 'ava';
import {
  allRanges,
  cutRanges,
  dataRanges,
  extentsIn,
  zeroSamples,
} from '../../../conductor/deploy/plan/content.ts';
import type { Extent } from '../../../conductor/deploy/plan/types.ts';
import { MIB } from '../../../conductor/values/units.ts';

const KIB = 1024;
const file = (at: number, length: number): Extent => ({
  targetOffsetBytes: at,
  lengthBytes: length,
  source: { kind: 'file', path: '/f', offsetBytes: at },
});
const zero = (at: number, length: number): Extent => ({
  ...file(at, length),
  source: { kind: 'zero' },
});

/** A short hole, a long one, and 100 MiB of which the plan says nothing. */
const EXTENTS = [
  file(0, MIB),
  zero(MIB, 4 * KIB),
  file(MIB + 4 * KIB, MIB),
  zero(2 * MIB + 4 * KIB, 8 * MIB),
  file(110 * MIB, 5 * MIB),
];

test('all ranges: what the plan speaks of, in pieces that end at multiples', (t) => {
  t.deepEqual(allRanges(EXTENTS, 64 * MIB), [
    { start: 0, end: 10 * MIB + 4 * KIB },
    { start: 110 * MIB, end: 115 * MIB },
  ]);
  t.deepEqual(cutRanges([{ start: 3, end: 25 }], 10), [
    { start: 3, end: 10 },
    { start: 10, end: 20 },
    { start: 20, end: 25 },
  ]);
});

test('data ranges: over short holes, not over long ones nor over what is unknown', (t) => {
  t.deepEqual(dataRanges(EXTENTS, 64 * MIB), [
    { start: 0, end: 2 * MIB + 4 * KIB },
    { start: 110 * MIB, end: 115 * MIB },
  ]);
  t.deepEqual(dataRanges([zero(0, KIB)], MIB), []);
});

test('zero samples: both ends of long holes', (t) => {
  const start = 2 * MIB + 4 * KIB;
  t.deepEqual(zeroSamples(EXTENTS), [
    { start, end: start + 64 * KIB },
    { start: start + 8 * MIB - 64 * KIB, end: start + 8 * MIB },
  ]);
});

test('extents in ranges keep their order and their places in the source', (t) => {
  const found = extentsIn(EXTENTS, [
    { start: 512 * KIB, end: MIB + KIB },
    { start: 111 * MIB, end: 112 * MIB },
  ]);
  t.deepEqual(found, [file(512 * KIB, 512 * KIB), zero(MIB, KIB), file(111 * MIB, MIB)]);
});
