import test from 'ava';
import { fetchRanges, leftOf, sharedContent } from '../../../conductor/deploy/relay/content.ts';
import { fileExtent, zeroExtent } from '../../../conductor/deploy/plan/extents.ts';
import type { DiskPlan } from '../../../conductor/deploy/plan/types.ts';
import { MIB } from '../../../conductor/values/units.ts';

const OWN = '/state/operations/1';
const IMAGE = '/state/images/root';

function plan(own: string, imageAt = 8 * MIB): DiskPlan {
  return {
    diskSizeBytes: 256 * MIB,
    extents: [
      zeroExtent({ start: 0, end: MIB }),
      fileExtent({ start: 2 * MIB, end: 3 * MIB }, `${own}/swap`, 0),
      fileExtent({ start: imageAt, end: 40 * MIB }, IMAGE, 0),
      zeroExtent({ start: 40 * MIB, end: 40 * MIB + 65_536 }),
      fileExtent({ start: 40 * MIB + 65_536, end: 41 * MIB }, IMAGE, 33 * MIB),
    ],
    commit: [fileExtent({ start: 0, end: MIB }, `${own}/table`, 0)],
    sources: [
      { path: IMAGE, sizeBytes: 64 * MIB, modifiedAtMs: 1 },
      { path: `${own}/swap`, sizeBytes: MIB, modifiedAtMs: 2 },
    ],
    partitions: [],
    rootDevice: undefined,
    diskIdentifier: undefined,
  };
}

test('what is made for one deploy does not count', (t) => {
  const mine = sharedContent(plan(OWN), OWN);
  t.is(mine, sharedContent(plan('/state/operations/2'), '/state/operations/2'));
  t.not(mine, sharedContent(plan(OWN, 9 * MIB), OWN), 'another place');
  const changed = [{ path: IMAGE, sizeBytes: 64 * MIB, modifiedAtMs: 3 }];
  t.not(mine, sharedContent({ ...plan(OWN), sources: changed }, OWN), 'another file');
  const own = { ...plan(OWN), extents: plan(OWN).extents.slice(0, 2) };
  t.is(sharedContent(own, OWN), undefined);
});

test('shared data is fetched in ranges, with short zeros and without the rest', (t) => {
  const found = fetchRanges(plan(OWN), OWN, plan(OWN).extents);
  t.deepEqual(found, [
    { start: 8 * MIB, end: 16 * MIB },
    { start: 16 * MIB, end: 32 * MIB },
    { start: 32 * MIB, end: 41 * MIB },
  ]);
  const missing = [fileExtent({ start: 20 * MIB, end: 21 * MIB }, IMAGE, 12 * MIB)];
  t.deepEqual(fetchRanges(plan(OWN), OWN, missing), [{ start: 16 * MIB, end: 32 * MIB }]);
});

test('what was not fetched is left to be written', (t) => {
  const { extents } = plan(OWN);
  const left = leftOf(extents.slice(1), [{ start: 8 * MIB, end: 32 * MIB }]);
  t.deepEqual(left, [
    extents[1],
    fileExtent({ start: 32 * MIB, end: 40 * MIB }, IMAGE, 24 * MIB),
    extents[3],
    extents[4],
  ]);
});
