import test from 'ava';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import type { ImageErrorCode } from '../../../image-tools/errors/table.ts';
import { parseQcow2Header, refuseUnsafe } from '../../../image-tools/source/qcow2Header.ts';

/** A sound header of version 3: 1 GiB, clusters of 64 KiB. */
function header(change: (bytes: Buffer) => unknown = () => {}): Buffer {
  const bytes = Buffer.alloc(104);
  bytes.writeUInt32BE(0x514649fb, 0);
  bytes.writeUInt32BE(3, 4);
  bytes.writeUInt32BE(16, 20);
  bytes.writeBigUInt64BE(2n ** 30n, 24);
  bytes.writeUInt32BE(2, 36);
  bytes.writeBigUInt64BE(0x30000n, 40);
  change(bytes);
  return bytes;
}

test('a sound header is read and accepted', (t) => {
  const parsed = parseQcow2Header(header());
  t.like(parsed, { version: 3, clusterBits: 16, virtualSizeBytes: 2 ** 30, level1Entries: 2 });
  t.notThrows(() => refuseUnsafe(parsed));
});

test('version 2 has no features', (t) => {
  const bytes = header((each) => each.writeUInt32BE(2, 4)).subarray(0, 72);
  t.is(parseQcow2Header(bytes).incompatibleFeatures, 0n);
});

const REFUSED: readonly [string, (bytes: Buffer) => unknown, ImageErrorCode][] = [
  ['a backing file', (b) => b.writeBigUInt64BE(112n, 8), 'SOURCE_REFERS_ELSEWHERE'],
  ['an external data file', (b) => b.writeBigUInt64BE(4n, 72), 'SOURCE_REFERS_ELSEWHERE'],
  ['AES', (b) => b.writeUInt32BE(1, 32), 'SOURCE_ENCRYPTED'],
  ['LUKS', (b) => b.writeUInt32BE(2, 32), 'SOURCE_ENCRYPTED'],
  ['the mark of corruption', (b) => b.writeBigUInt64BE(2n, 72), 'SOURCE_DAMAGED'],
  ['an unknown feature', (b) => b.writeBigUInt64BE(1n << 40n, 72), 'SOURCE_ABSURD'],
  ['an unknown compression', (b) => b.writeBigUInt64BE(8n, 72), 'SOURCE_ABSURD'],
  ['subclusters', (b) => b.writeBigUInt64BE(16n, 72), 'SOURCE_NOT_AN_IMAGE'],
  ['version 1', (b) => b.writeUInt32BE(1, 4), 'SOURCE_ABSURD'],
  ['version 4', (b) => b.writeUInt32BE(4, 4), 'SOURCE_ABSURD'],
  ['tiny clusters', (b) => b.writeUInt32BE(8, 20), 'SOURCE_ABSURD'],
  ['huge clusters', (b) => b.writeUInt32BE(63, 20), 'SOURCE_ABSURD'],
  ['no size', (b) => b.writeBigUInt64BE(0n, 24), 'SOURCE_ABSURD'],
  ['an exabyte', (b) => b.writeBigUInt64BE(2n ** 60n, 24), 'SOURCE_ABSURD'],
  ['a first table of 32 GiB', (b) => b.writeUInt32BE(0xffffffff, 36), 'SOURCE_ABSURD'],
];

for (const [what, change, code] of REFUSED)
  test(`refused: ${what}`, (t) => {
    const error = t.throws(() => refuseUnsafe(parseQcow2Header(header(change))));
    t.true(hasImageCode(error, code));
  });

test('cut at any length, a header is an error and never a bug', (t) => {
  for (let length = 0; length < 104; length += 1) {
    const error = t.throws(() => parseQcow2Header(header().subarray(0, length)));
    t.true(hasImageCode(error, 'SOURCE_DAMAGED', 'SOURCE_NOT_AN_IMAGE'), `${length} bytes`);
  }
});
