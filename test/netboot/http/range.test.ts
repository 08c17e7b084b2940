import test from 'ava';
import { readRange } from '../../../conductor/netboot/http/range.ts';

const CASES: [string | undefined, number, ReturnType<typeof readRange>][] = [
  [undefined, 10, undefined],
  ['bytes=0-0', 10, { start: 0, end: 0 }],
  ['bytes=2-', 10, { start: 2, end: 9 }],
  ['bytes=2-99', 10, { start: 2, end: 9 }],
  ['bytes=-3', 10, { start: 7, end: 9 }],
  ['bytes=-30', 10, { start: 0, end: 9 }],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=5-2', 10, undefined],
  ['bytes=-', 10, undefined],
  ['bytes=0-1,3-4', 10, undefined],
  ['lines=0-1', 10, undefined],
  ['bytes=99999999999999999-', 10, undefined],
];

for (const [header, size, expected] of CASES)
  test(`${header} of ${size}`, (t) => {
    t.deepEqual(readRange(header, size), expected);
  });
