import test from 'ava';
import { qcow2Extents, rawExtents } from '../../conductor/images/extents.ts';
import type { MapLine } from '../../conductor/images/qemuImg.ts';
import type { ImageExtent } from '../../conductor/images/types.ts';

const K = 1024;

function data(start: number, length: number, offset?: number): MapLine {
  return { start, length, data: true, zero: false, ...(offset !== undefined && { offset }) };
}

function hole(start: number, length: number): MapLine {
  return { start, length, data: false, zero: true };
}

/** `[kind, start, length, file offset]`, in short. */
function brief(extents: readonly ImageExtent[] | undefined): unknown {
  return extents?.map((extent) =>
    extent.kind === 'zero'
      ? ['zero', extent.startBytes, extent.lengthBytes]
      : ['data', extent.startBytes, extent.lengthBytes, extent.fileOffsetBytes],
  );
}

test('raw: holes become zero', (t) => {
  const map = [hole(0, 128 * K), data(128 * K, 8 * K), hole(136 * K, 888 * K)];
  t.deepEqual(brief(rawExtents(map, 1024 * K)), [
    ['zero', 0, 128 * K],
    ['data', 128 * K, 8 * K, 128 * K],
    ['zero', 136 * K, 888 * K],
  ]);
});

test('raw: short holes are read with the data around them', (t) => {
  const map = [data(0, 4 * K), hole(4 * K, 60 * K), data(64 * K, 4 * K), hole(68 * K, 64 * K)];
  t.deepEqual(brief(rawExtents([...map, data(132 * K, 4 * K)], 136 * K)), [
    ['data', 0, 68 * K, 0],
    ['zero', 68 * K, 64 * K],
    ['data', 132 * K, 4 * K, 132 * K],
  ]);
});

test('raw: unaligned data is rounded outwards, but not past the end', (t) => {
  const map = [hole(0, 200 * K + 512), data(200 * K + 512, 512), hole(201 * K, 100 * K)];
  t.deepEqual(brief(rawExtents([...map, data(301 * K, 1000)], 302 * K)), [
    ['zero', 0, 200 * K],
    ['data', 200 * K, 4 * K, 200 * K],
    ['zero', 204 * K, 96 * K],
    ['data', 300 * K, 2 * K, 300 * K],
  ]);
});

test('raw: an empty map is one hole, a full one is one run', (t) => {
  t.deepEqual(brief(rawExtents([], 4 * K)), [['zero', 0, 4 * K]]);
  t.deepEqual(brief(rawExtents([data(0, 4 * K)], 4 * K)), [['data', 0, 4 * K, 0]]);
});

test('qcow2: runs join only where the file goes on too', (t) => {
  const map = [
    data(0, 64 * K, 320 * K),
    data(64 * K, 64 * K, 384 * K),
    data(128 * K, 64 * K, 64 * K),
  ];
  t.deepEqual(brief(qcow2Extents(map, 256 * K)), [
    ['data', 0, 128 * K, 320 * K],
    ['data', 128 * K, 64 * K, 64 * K],
    ['zero', 192 * K, 64 * K],
  ]);
});

test('qcow2: data without a place, compressed or in odd pieces needs a copy', (t) => {
  t.is(qcow2Extents([data(0, 64 * K)], 64 * K), undefined);
  t.is(qcow2Extents([{ ...data(0, 64 * K, 0), compressed: true }], 64 * K), undefined);
  t.is(qcow2Extents([data(512, 4 * K, 0)], 64 * K), undefined);
  t.is(qcow2Extents([data(0, 512, 0)], 512), undefined);
});
