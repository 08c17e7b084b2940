import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { run } from '../../../image-tools/process/run.ts';
import { openDisk } from '../../../image-tools/source/diskReader.ts';
import { openSource } from '../../../image-tools/source/source.ts';
import { KIB, MIB } from '../../../image-tools/values/bytes.ts';
import { seededRandom } from '../support/random.ts';
import { scratch } from '../support/tinyImage.ts';

const DISK_BYTES = 5 * MIB + 512;

/** Random data, runs of zeros, and runs that compress well, with a boot signature. */
function diskContent(seed: number): Buffer {
  const random = seededRandom(seed);
  const disk = Buffer.alloc(DISK_BYTES);
  for (let at = 0; at < DISK_BYTES; at += 96 * KIB) {
    const end = Math.min(DISK_BYTES, at + 96 * KIB);
    const kind = random(3);
    if (kind === 1) disk.fill(`run ${at} `, at, end);
    if (kind === 2) for (let byte = at; byte < end; byte += 1) disk[byte] = random(256);
  }
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

const FORMS: readonly [string, readonly string[]][] = [
  ['raw', ['-O', 'raw']],
  ['qcow2', ['-O', 'qcow2']],
  ['compressed qcow2', ['-O', 'qcow2', '-c']],
  ['qcow2 compressed by zstd', ['-O', 'qcow2', '-c', '-o', 'compression_type=zstd']],
  [
    'small clusters compressed by zstd',
    ['-O', 'qcow2', '-c', '-o', 'compression_type=zstd,cluster_size=4k'],
  ],
  ['qcow2 version 2', ['-O', 'qcow2', '-o', 'compat=0.10']],
  ['small clusters', ['-O', 'qcow2', '-o', 'cluster_size=4k']],
  ['small compressed clusters', ['-O', 'qcow2', '-c', '-o', 'cluster_size=4k']],
];

for (const [name, how] of FORMS)
  test(`${name}: any range reads as on the disk`, async (t) => {
    await using folder = await scratch();
    const content = diskContent(7);
    const [raw, image] = [join(folder.path, 'raw'), join(folder.path, 'image')];
    await writeFile(raw, content);
    await run('qemu-img', ['convert', '-f', 'raw', ...how, raw, image]);
    const source = await openSource(image);
    t.is(source.virtualSizeBytes, DISK_BYTES);
    await using disk = await openDisk(source);
    const random = seededRandom(11);
    for (let round = 0; round < 60; round += 1) {
      const offsetBytes = random(DISK_BYTES);
      const sizeBytes = random(400 * KIB);
      const bytes = await disk.read({ offsetBytes, sizeBytes });
      t.true(
        bytes.equals(content.subarray(offsetBytes, offsetBytes + sizeBytes)),
        `${offsetBytes}+${sizeBytes}`,
      );
    }
  });

test('data extents cover all that is not zero, counted from the range', async (t) => {
  await using folder = await scratch();
  const content = diskContent(3);
  const [raw, image] = [join(folder.path, 'raw'), join(folder.path, 'image')];
  await writeFile(raw, content);
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, image]);
  await using disk = await openDisk(await openSource(image));
  const range = { offsetBytes: 777_216, sizeBytes: 3 * MIB };
  const rest = Buffer.from(
    content.subarray(range.offsetBytes, range.offsetBytes + range.sizeBytes),
  );
  for (const { offsetBytes, sizeBytes } of await disk.dataExtents(range))
    rest.fill(0, offsetBytes, offsetBytes + sizeBytes);
  t.true(rest.every((byte) => byte === 0));
});

test('tables that point past the end of the file are damage, not zeros', async (t) => {
  await using folder = await scratch();
  const image = join(folder.path, 'image');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', image, '64M']);
  await using file = await open(image, 'r+');
  await file.write(Buffer.from('00000000ffff0000', 'hex'), 0, 8, 40); // where the first table lies
  await using disk = await openDisk(await openSource(image));
  await t.throwsAsync(disk.read({ offsetBytes: 0, sizeBytes: 512 }), { message: /truncated/ });
});
