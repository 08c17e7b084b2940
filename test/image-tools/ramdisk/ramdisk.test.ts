import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import { execa } from 'execa';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import { ensureCanCarry, loaderArchive } from '../../../image-tools/ramdisk/carryLoader.ts';
import { ramdiskContents } from '../../../image-tools/ramdisk/contents.ts';
import { packCpio, pad4 } from '../../../image-tools/ramdisk/cpio.ts';
import { CpioLister } from '../../../image-tools/ramdisk/cpioLister.ts';
import { seededRandom } from '../support/random.ts';
import { scratch } from '../support/tinyImage.ts';

const ENTRIES = [
  { path: 'etc', mode: 0o040755, data: Buffer.alloc(0) },
  { path: 'etc/hostname', mode: 0o100644, data: Buffer.from('atomic\n') },
  { path: 'etc/link', mode: 0o120777, data: Buffer.from('hostname') },
];
const NAMES = ['etc', 'etc/hostname', 'etc/link'];

test('cpio(1) unpacks what is packed here', async (t) => {
  await using folder = await scratch();
  await execa('cpio', ['-i', '--quiet'], { cwd: folder.path, input: packCpio(ENTRIES) });
  t.is(await readFile(join(folder.path, 'etc/link'), 'utf8'), 'atomic\n');
});

test('names come out of pieces of any size', (t) => {
  const archive = packCpio(ENTRIES);
  const random = seededRandom(1);
  for (let round = 0; round < 50; round += 1) {
    const names: string[] = [];
    const lister = new CpioLister((name) => names.push(name));
    for (let at = 0; at < archive.length;) {
      const end = at + 1 + random(40);
      lister.push(archive.subarray(at, end));
      at = end;
    }
    t.deepEqual(names, NAMES);
    t.true(lister.ended);
    t.is(lister.endBytes, archive.length);
  }
});

test('an archive cut anywhere has not ended', (t) => {
  const archive = packCpio(ENTRIES);
  for (let length = 0; length < archive.length - 4; length += 1) {
    const lister = new CpioLister(() => {});
    lister.push(archive.subarray(0, length));
    t.false(lister.ended, `${length} bytes`);
  }
});

async function contentsOf(bytes: Buffer): Promise<string[]> {
  await using folder = await scratch();
  const path = join(folder.path, 'ramdisk');
  await writeFile(path, bytes);
  return [...(await ramdiskContents(path))].sort();
}

const MICROCODE = packCpio([{ path: 'early_cpio', mode: 0o100644, data: Buffer.from('1') }]);

const PACKED: readonly [string, (archive: Buffer) => Buffer | Promise<Buffer>][] = [
  ['plain', (archive) => archive],
  ['gzip', (archive) => gzipSync(archive)],
  ['zstd', (archive) => zstdCompressSync(archive)],
  [
    'xz',
    async (archive) =>
      Buffer.from(
        (await execa('xz', ['--check=crc32'], { input: archive, encoding: 'buffer' })).stdout,
      ),
  ],
];

for (const [name, pack] of PACKED)
  test(`${name}, alone and after microcode`, async (t) => {
    const packed = await pack(packCpio(ENTRIES));
    t.deepEqual(await contentsOf(packed), NAMES);
    const early = Buffer.concat([pad4(MICROCODE), Buffer.alloc(512), packed]);
    t.deepEqual(await contentsOf(early), ['early_cpio', ...NAMES]);
  });

for (const [name, pack] of PACKED)
  test(`${name}: no more is read than is wanted`, async (t) => {
    const random = seededRandom(2);
    const data = Buffer.from(Uint8Array.from({ length: 16 << 20 }, () => random(256)));
    const more = { path: 'more', mode: 0o100644, data };
    // Cut short, so that reading on would fail.
    const packed = (await pack(packCpio([...ENTRIES, more]))).subarray(0, 12 << 20);
    await using folder = await scratch();
    const path = join(folder.path, 'ramdisk');
    await writeFile(path, packed);
    const names = await ramdiskContents(path, (found) => found.has('etc/link'));
    t.true(names.has('etc/link'));
    await t.throwsAsync(ramdiskContents(path));
  });

for (const [what, bytes] of [
  ['lz4', Buffer.from('02214c18ffff', 'hex')],
  ['text', Buffer.from('hello world, this is no ramdisk')],
  ['half an archive', packCpio(ENTRIES).subarray(0, 200)],
] as const)
  test(`not understood: ${what}`, async (t) => {
    const error = await t.throwsAsync(contentsOf(bytes));
    t.true(hasImageCode(error, 'APPLIANCE_NEEDED'), String(error));
  });

test('the loader archive holds a service that is wanted and the files', async (t) => {
  await using folder = await scratch();
  const archive = loaderArchive([
    { path: 'loader', target: 'loader.1' },
    { path: 'loader.1/entries/a.conf', text: 'title A\n' },
  ]);
  await execa('cpio', ['-i', '--quiet'], { cwd: folder.path, input: archive });
  const unit = 'usr/lib/systemd/system/initrd-root-fs.target.wants/atomic-to-pxe-loader.service';
  t.regex(await readFile(join(folder.path, unit), 'utf8'), /Before=ostree-prepare-root\.service/);
  const carried = join(folder.path, 'usr/lib/atomic-to-pxe/boot/loader/entries/a.conf');
  t.is(await readFile(carried, 'utf8'), 'title A\n');
  await execa('sh', ['-n', join(folder.path, 'usr/lib/atomic-to-pxe/carry-loader')]);
});

test('a ramdisk without systemd and ostree, or without cp, cannot carry', (t) => {
  const good = new Set([
    'usr/lib/systemd/system/ostree-prepare-root.service',
    ...['sh', 'mount', 'mkdir', 'cp'].map((name) => `usr/bin/${name}`),
  ]);
  t.notThrows(() => ensureCanCarry(good));
  for (const missing of good) {
    const less = new Set([...good].filter((name) => name !== missing));
    t.true(
      hasImageCode(
        t.throws(() => ensureCanCarry(less)),
        'APPLIANCE_NEEDED',
      ),
      missing,
    );
  }
});
