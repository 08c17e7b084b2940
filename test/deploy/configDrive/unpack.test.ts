import { gzipSync } from 'node:zlib';
import test from 'ava';
import { unpackConfigDrive } from '../../../conductor/deploy/configDrive/unpack.ts';
import { MIB } from '../../../conductor/values/units.ts';

function image(sizeBytes: number, marks: readonly (readonly [at: number, text: string])[]): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (const [at, text] of marks) bytes.write(text, at, 'latin1');
  return bytes;
}

const ISO = image(64 * 1024, [[32_769, 'CD001']]);
const FAT16 = image(4096, [
  [54, 'FAT16'],
  [510, '\u0055\u00aa'],
]);
const FAT32 = image(4096, [
  [82, 'FAT32'],
  [510, '\u0055\u00aa'],
]);

const base64 = (bytes: Buffer) => Buffer.from(bytes.toString('base64'));
const lines = (bytes: Buffer) =>
  Buffer.from((bytes.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n') + '\n');

const GOOD: readonly (readonly [name: string, packed: Buffer, image: Buffer])[] = [
  ['base64 of a gzipped ISO, as Nova sends it', base64(gzipSync(ISO)), ISO],
  ['base64 with line breaks', lines(gzipSync(ISO)), ISO],
  ['base64 of an ISO', base64(ISO), ISO],
  ['an ISO as it is', ISO, ISO],
  ['a gzipped FAT16 image', gzipSync(FAT16), FAT16],
  ['FAT32', FAT32, FAT32],
];

for (const [name, packed, expected] of GOOD)
  test(name, async (t) => t.deepEqual(await unpackConfigDrive(packed), expected));

const zipped = gzipSync(ISO);
const BAD: readonly (readonly [name: string, packed: Buffer, code: string])[] = [
  ['nothing', Buffer.alloc(0), 'CONFIG_DRIVE_INVALID'],
  ['base64 of text', base64(Buffer.from('hello')), 'CONFIG_DRIVE_INVALID'],
  ['half of the gzip data', base64(zipped.subarray(0, zipped.length / 2)), 'CONFIG_DRIVE_INVALID'],
  ['HTML of a server', Buffer.from('<html>not found</html>'), 'CONFIG_DRIVE_INVALID'],
  ['a bomb', base64(gzipSync(Buffer.alloc(65 * MIB))), 'CONFIG_DRIVE_TOO_LARGE'],
  ['a large image', image(64 * MIB + 1, [[32_769, 'CD001']]), 'CONFIG_DRIVE_TOO_LARGE'],
];

for (const [name, packed, code] of BAD)
  test(`refused: ${name}`, async (t) => {
    await t.throwsAsync(unpackConfigDrive(packed), { code });
  });

test('every truncation of a small gzipped drive is refused and none throws otherwise', async (t) => {
  const small = gzipSync(FAT16);
  for (let length = 0; length < small.length; length++)
    await t.throwsAsync(unpackConfigDrive(small.subarray(0, length)), {
      code: 'CONFIG_DRIVE_INVALID',
    });
});
