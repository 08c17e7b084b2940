import test from 'ava';
import {
  intersect,
  mergeRanges,
  subtractRanges,
  type Range,
} from '../../../conductor/deploy/plan/ranges.ts';
import { Random } from '../support/random.ts';

/** `"0-5 7-9"` for the two ranges. */
function parse(text: string): Range[] {
  return Array.from(text.matchAll(/(\d+)-(\d+)/g), ([, start, end]) => ({
    start: Number(start),
    end: Number(end),
  }));
}

function format(ranges: readonly Range[]): string {
  return ranges.map(({ start, end }) => `${start}-${end}`).join(' ');
}

const MERGED: readonly [given: string, merged: string][] = [
  ['', ''],
  ['3-5 0-2', '0-2 3-5'],
  ['0-2 2-4', '0-4'],
  ['0-9 2-4', '0-9'],
  ['5-5 7-6', ''],
];
for (const [given, merged] of MERGED)
  test(`merged: ${given}`, (t) => {
    t.is(format(mergeRanges(parse(given))), merged);
  });

const SUBTRACTED: readonly [from: string, taken: string, rest: string][] = [
  ['0-9', '', '0-9'],
  ['', '0-9', ''],
  ['0-9', '3-5', '0-3 5-9'],
  ['0-9', '0-9', ''],
  ['0-9', '0-3 5-9', '3-5'],
  ['0-4 6-9', '3-7', '0-3 7-9'],
  ['5-9', '0-2 3-6', '6-9'],
  ['0-2 4-6 8-10', '1-9', '0-1 9-10'],
];
for (const [from, taken, rest] of SUBTRACTED)
  test(`${from} without ${taken}`, (t) => {
    t.is(format(subtractRanges(parse(from), parse(taken))), rest);
  });

test('random ranges: as counted byte by byte', (t) => {
  const random = new Random(3);
  const some = () =>
    Array.from({ length: random.below(8) }, () => {
      const start = random.below(60);
      return { start, end: start + random.below(12) };
    });
  const covers = (ranges: readonly Range[], byte: number) =>
    ranges.some(({ start, end }) => start <= byte && byte < end);
  for (let round = 0; round < 2000; round++) {
    const [from, taken] = [some(), some()];
    const rest = subtractRanges(from, taken);
    for (let byte = 0; byte < 75; byte++)
      if (covers(rest, byte) !== (covers(from, byte) && !covers(taken, byte)))
        t.fail(`${format(from)} without ${format(taken)} is not ${format(rest)}`);
    t.is(format(mergeRanges(rest)), format(rest));
  }
});

test('what two ranges have in common', (t) => {
  t.deepEqual(intersect({ start: 0, end: 5 }, { start: 3, end: 9 }), { start: 3, end: 5 });
  t.is(intersect({ start: 0, end: 5 }, { start: 5, end: 9 }), undefined);
});
