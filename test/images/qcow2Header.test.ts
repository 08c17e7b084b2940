import test from 'ava';
import { IronpxeError } from '../../conductor/errors/error.ts';
import { parseQcow2Header } from '../../conductor/images/qcow2Header.ts';
import { Random } from '../deploy/support/random.ts';

function header(change: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(112);
  bytes.write('QFI\xfb', 'latin1');
  bytes.writeUInt32BE(3, 4);
  bytes.writeUInt32BE(16, 20);
  bytes.writeBigUInt64BE(1n << 30n, 24);
  change(bytes);
  return bytes;
}

test('a plain header tells size and cluster size', (t) => {
  const found = parseQcow2Header('x', header());
  t.like(found, { version: 3, virtualSizeBytes: 2 ** 30, clusterSizeBytes: 65_536 });
  t.false(found.hasSubclusters);
  const extended = header((bytes) => bytes.writeBigUInt64BE(16n, 72));
  t.true(parseQcow2Header('x', extended).hasSubclusters);
  t.is(
    parseQcow2Header(
      'x',
      header((bytes) => bytes.writeUInt32BE(2, 4)),
    ).version,
    2,
  );
});

test('version 2 has no feature bits', (t) => {
  const bytes = header((b) => {
    b.writeUInt32BE(2, 4);
    b.writeBigUInt64BE(4n, 72);
  });
  t.notThrows(() => parseQcow2Header('x', bytes));
});

const REFUSED: readonly [name: string, change: (bytes: Buffer) => void, code: string, RegExp][] = [
  ['version 4', (b) => b.writeUInt32BE(4, 4), 'IMAGE_UNSAFE', /version 4/],
  ['a backing file', (b) => b.writeBigUInt64BE(104n, 8), 'IMAGE_UNSAFE', /backing file/],
  ['AES', (b) => b.writeUInt32BE(1, 32), 'IMAGE_UNSAFE', /encrypted/],
  ['LUKS', (b) => b.writeUInt32BE(2, 32), 'IMAGE_UNSAFE', /encrypted/],
  ['a data file', (b) => b.writeBigUInt64BE(4n, 72), 'IMAGE_UNSAFE', /external file/],
  ['the corrupt mark', (b) => b.writeBigUInt64BE(2n, 72), 'IMAGE_CORRUPT', /marked as corrupt/],
  ['tiny clusters', (b) => b.writeUInt32BE(8, 20), 'IMAGE_UNSAFE', /2\^8/],
  ['huge clusters', (b) => b.writeUInt32BE(22, 20), 'IMAGE_UNSAFE', /2\^22/],
  ['no size', (b) => b.writeBigUInt64BE(0n, 24), 'IMAGE_TOO_LARGE', / 0 bytes/],
  ['8 EiB', (b) => b.writeBigUInt64BE(1n << 63n, 24), 'IMAGE_TOO_LARGE', /9223372036854775808/],
];

for (const [name, change, code, message] of REFUSED)
  test(`refused: ${name}`, (t) => {
    t.throws(() => parseQcow2Header('the image', header(change)), { code, message });
    t.throws(() => parseQcow2Header('the image', header(change)), { message: /"the image"/ });
  });

test('a cut at every length ends with a header or a clear error', (t) => {
  const whole = header();
  for (let length = 0; length < whole.length; length++) {
    const parse = () => parseQcow2Header('x', whole.subarray(0, length));
    if (length >= 72) t.notThrows(parse);
    else t.throws(parse, { code: 'IMAGE_CORRUPT' });
  }
});

test('random headers end with a header or a clear error', (t) => {
  const random = new Random(1);
  for (let round = 0; round < 5000; round++) {
    const bytes = header((b) => {
      for (let i = 0; i < 4; i++) b.writeUInt8(random.below(256), 4 + random.below(100));
    });
    try {
      t.true(parseQcow2Header('x', bytes).virtualSizeBytes > 0);
    } catch (error) {
      t.true(error instanceof IronpxeError);
    }
  }
});
