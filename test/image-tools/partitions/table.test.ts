import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import type { ImageErrorCode } from '../../../image-tools/errors/table.ts';
import { readPartitionTable } from '../../../image-tools/partitions/table.ts';
import { run } from '../../../image-tools/process/run.ts';
import type { ReadDisk } from '../../../image-tools/source/diskReader.ts';
import { MIB } from '../../../image-tools/values/bytes.ts';
import { seededRandom } from '../support/random.ts';
import { scratch } from '../support/tinyImage.ts';

const DISK_BYTES = 24 * MIB;

/** A disk that sfdisk partitioned. */
async function partitioned(script: string): Promise<Buffer> {
  await using folder = await scratch();
  const path = join(folder.path, 'disk');
  await writeFile(path, '');
  await truncate(path, DISK_BYTES);
  await run('sfdisk', ['--quiet', path], { input: script });
  return readFile(path);
}

function reader(disk: Buffer): ReadDisk {
  return async ({ offsetBytes, sizeBytes }) => disk.subarray(offsetBytes, offsetBytes + sizeBytes);
}

test('an MBR with logical partitions', async (t) => {
  const disk = await partitioned(`label: dos
start=2048, size=4096, type=83, bootable
start=8192, size=16384, type=5
start=10240, size=2048, type=8e
start=14336, size=4096, type=82
start=26624, size=2048, type=8e
`);
  const table = await readPartitionTable(reader(disk), DISK_BYTES);
  t.is(table.label, 'mbr');
  t.deepEqual(
    table.partitions.map(({ number, offsetBytes, sizeBytes, type }) => [
      number,
      offsetBytes / 512,
      sizeBytes / 512,
      type,
    ]),
    [
      [1, 2048, 4096, '83'],
      [3, 26624, 2048, '8e'],
      [5, 10240, 2048, '8e'],
      [6, 14336, 4096, '82'],
    ],
  );
});

test('a GPT with names and gaps in the numbers', async (t) => {
  const disk = await partitioned(`label: gpt
1 : start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, name="BIOS-BOOT"
4 : start=8192, size=8192, name="root", uuid=01234567-89AB-CDEF-0123-456789ABCDEF
`);
  const table = await readPartitionTable(reader(disk), DISK_BYTES);
  t.is(table.label, 'gpt');
  t.like(table.partitions[0], {
    number: 1,
    type: '21686148-6449-6e6f-744e-656564454649',
    name: 'BIOS-BOOT',
  });
  t.like(table.partitions[1], {
    number: 4,
    offsetBytes: 4 * MIB,
    sizeBytes: 4 * MIB,
    uuid: '01234567-89ab-cdef-0123-456789abcdef',
  });
});

/** Moves a GPT made for sectors of 512 bytes to where one of 4096 has it; numbers stay. */
function withLargeSectors(disk: Buffer): Buffer {
  const moved = Buffer.from(disk);
  moved.fill(0, 512, 20 * 1024);
  disk.copy(moved, 4096, 512, 1024);
  disk.copy(moved, 8192, 1024, 1024 + 128 * 128);
  return moved;
}

test('a GPT with sectors of 4096 bytes', async (t) => {
  const disk = withLargeSectors(
    await partitioned('label: gpt\nstart=2048, size=1024, name="big"\n'),
  );
  const table = await readPartitionTable(reader(disk), DISK_BYTES);
  t.is(table.sectorBytes, 4096);
  t.like(table.partitions[0], { offsetBytes: 8 * MIB, sizeBytes: 4 * MIB, name: 'big' });
});

const MBR = 'label: dos\nstart=2048, size=4096, type=83\n';
const GPT = 'label: gpt\nstart=2048, size=4096\n';

const REFUSED: readonly [string, string, (disk: Buffer) => unknown, ImageErrorCode][] = [
  ['no table at all', MBR, (d) => d.fill(0, 446), 'SOURCE_NOT_AN_IMAGE'],
  ['an empty MBR', MBR, (d) => d.fill(0, 446, 510), 'SOURCE_NOT_AN_IMAGE'],
  [
    'an MBR partition past the end',
    MBR,
    (d) => d.writeUInt32LE(0xffff_fff0, 446 + 12),
    'SOURCE_ABSURD',
  ],
  ['an MBR partition at sector 0', MBR, (d) => d.writeUInt32LE(0, 446 + 8), 'SOURCE_ABSURD'],
  [
    'a GPT header with a wrong checksum',
    GPT,
    (d) => d.writeUInt32LE(1, 512 + 16),
    'SOURCE_DAMAGED',
  ],
  [
    'GPT entries with a wrong checksum',
    GPT,
    (d) => d.writeUInt32LE(1, 1024 + 40),
    'SOURCE_DAMAGED',
  ],
  [
    'a GPT header of absurd size',
    GPT,
    (d) => d.writeUInt32LE(0xffff_ffff, 512 + 12),
    'SOURCE_ABSURD',
  ],
  ['a protective MBR without a GPT', GPT, (d) => d.fill(0, 512, 1024), 'SOURCE_DAMAGED'],
];

for (const [what, script, change, code] of REFUSED)
  test(`refused: ${what}`, async (t) => {
    const disk = await partitioned(script);
    change(disk);
    const error = await t.throwsAsync(readPartitionTable(reader(disk), DISK_BYTES));
    t.true(hasImageCode(error, code), String(error));
  });

test('a chain of extended records that turns back ends', async (t) => {
  const disk = await partitioned(`label: dos
start=2048, size=20480, type=5
start=4096, size=2048
start=8192, size=2048
`);
  // The second record says that the first comes after it.
  const second = 6144 * 512;
  disk.writeUInt8(5, second + 446 + 16 + 4);
  disk.writeUInt32LE(0, second + 446 + 16 + 8);
  disk.writeUInt32LE(2048, second + 446 + 16 + 12);
  const table = await readPartitionTable(reader(disk), DISK_BYTES);
  t.true(table.partitions.length <= 2);
});

test('random bytes in a table give an error of ours, or partitions inside the disk', async (t) => {
  const random = seededRandom(2014);
  for (const script of [MBR, GPT]) {
    const sound = await partitioned(script);
    for (let round = 0; round < 300; round += 1) {
      const disk = Buffer.from(sound.subarray(0, 2 * MIB));
      for (let change = 0; change < 4; change += 1) disk[440 + random(2000)] = random(256);
      try {
        const { partitions } = await readPartitionTable(reader(disk), DISK_BYTES);
        t.true(
          partitions.every(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes <= DISK_BYTES),
        );
      } catch (error) {
        t.true(
          hasImageCode(error, 'SOURCE_ABSURD', 'SOURCE_DAMAGED', 'SOURCE_NOT_AN_IMAGE'),
          String(error),
        );
      }
    }
  }
});
