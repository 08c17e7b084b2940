import { mkdtemp, open, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { inspectImage } from '../../conductor/images/inspectImage.ts';
import type { ImageFacts } from '../../conductor/images/types.ts';
import { run } from '../../conductor/process/run.ts';
import { MIB } from '../../conductor/values/units.ts';
import { physicalVolumeLabel } from '../deploy/support/garbageDisk.ts';
import { Random } from '../deploy/support/random.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-inspect-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

const CACHE = { cacheDir: join(FOLDER, 'cache') };

/** A raw file with random runs of data, of a size that is no multiple of anything. */
async function makeRaw(name: string, seed: number, sizeBytes = 6 * MIB + 700): Promise<string> {
  const random = new Random(seed);
  const path = join(FOLDER, name);
  await using file = await open(path, 'w');
  for (let start = random.below(MIB); start < sizeBytes; start += random.below(MIB)) {
    const bytes = random.bytes(Math.min(sizeBytes - start, 1 + random.below(300_000)));
    await file.write(bytes, 0, bytes.length, start);
    start += bytes.length;
  }
  await file.truncate(sizeBytes);
  return path;
}

async function convert(raw: string, name: string, ...args: readonly string[]): Promise<string> {
  const path = join(FOLDER, name);
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', ...args, raw, path]);
  return path;
}

/** The content that the extents promise. */
async function contentOf(facts: ImageFacts): Promise<Buffer> {
  const file = await readFile(facts.path);
  const content = Buffer.alloc(facts.virtualSizeBytes);
  let position = 0;
  for (const extent of facts.extents) {
    if (extent.startBytes !== position) throw new Error(`A gap before ${extent.startBytes}.`);
    position += extent.lengthBytes;
    if (extent.kind === 'zero') continue;
    const { fileOffsetBytes: from, lengthBytes } = extent;
    file.copy(content, extent.startBytes, from, from + lengthBytes);
  }
  if (position !== facts.virtualSizeBytes) throw new Error(`The extents end at ${position}.`);
  return content;
}

const KINDS: readonly [name: string, args: readonly string[] | undefined, sizeBytes?: number][] = [
  ['raw', undefined],
  ['qcow2', [], 6 * MIB],
  ['qcow2 of an odd size', []],
  ['qcow2 version 2', ['-o', 'compat=0.10'], 6 * MIB],
  ['qcow2 with clusters of 2 MiB', ['-o', 'cluster_size=2M'], 7 * MIB],
  ['qcow2 with clusters of 512 bytes', ['-o', 'cluster_size=512'], 6 * MIB],
  ['qcow2 with extended L2 entries', ['-o', 'extended_l2=on,cluster_size=128k'], 6 * MIB],
  ['compressed qcow2', ['-c'], 6 * MIB],
  ['zstd-compressed qcow2', ['-c', '-o', 'compression_type=zstd'], 6 * MIB],
];

KINDS.forEach(([name, args, sizeBytes], seed) =>
  test(`${name}: the extents give the image's bytes`, async (t) => {
    const raw = await makeRaw(`content-${seed}`, seed, sizeBytes);
    const path = args ? await convert(raw, `content-${seed}.qcow2`, ...args) : raw;
    const facts = await inspectImage(path, CACHE);
    const expected = Buffer.alloc(facts.virtualSizeBytes);
    (await readFile(raw)).copy(expected);
    t.is(
      facts.virtualSizeBytes - (facts.virtualSizeBytes % 4096),
      4096 * Math.floor((await stat(raw)).size / 4096),
    );
    t.true((await contentOf(facts)).equals(expected));
    t.true(facts.allocatedBytes <= facts.virtualSizeBytes);
    t.deepEqual(facts.content, { kind: 'unknown', type: undefined });
  }),
);

test('a plain qcow2 is read in place, a compressed one is unpacked once', async (t) => {
  const raw = await makeRaw('once', 50, 4 * MIB);
  const cacheDir = await mkdtemp(join(FOLDER, 'once-'));
  const plain = await convert(raw, 'once.qcow2');
  t.like(await inspectImage(plain, { cacheDir }), { path: plain, format: 'qcow2' });
  const packed = await convert(raw, 'once-c.qcow2', '-c');
  const both = await Promise.all([1, 2].map(() => inspectImage(packed, { cacheDir })));
  t.like(both[0], { format: 'raw', path: both[1]?.path });
  const { ino } = await stat(both[0]?.path ?? '');
  t.is((await stat((await inspectImage(packed, { cacheDir })).path)).ino, ino);
  const copies = (await readdir(cacheDir)).filter((name) => name.endsWith('.raw'));
  t.is(copies.length, 1);
});

test('a file system tells its UUID and label', async (t) => {
  const raw = join(FOLDER, 'ext4.raw');
  const uuid = '11111111-2222-4333-8444-555555555555';
  await run('mkfs.ext4', ['-q', '-U', uuid, '-L', 'my root', raw, '64M']);
  for (const path of [
    raw,
    await convert(raw, 'ext4.qcow2'),
    await convert(raw, 'ext4-c.qcow2', '-c'),
  ])
    t.deepEqual((await inspectImage(path, CACHE)).content, {
      kind: 'filesystem',
      type: 'ext4',
      uuid,
      label: 'my root',
    });
});

test('a disk tells its table and identifier', async (t) => {
  const raw = join(FOLDER, 'disk.raw');
  await writeFile(raw, '');
  await truncate(raw, 20 * MIB);
  const script = (label: string) => `label: ${label}\nlabel-id: 0x0000cafe\nstart=2048\n`;
  await run('sfdisk', ['--quiet', raw], { input: script('dos') });
  const common = { kind: 'disk', sectorSizeBytes: 512 } as const;
  const dos = { ...common, tableType: 'dos', diskIdentifier: '0x0000cafe' };
  t.deepEqual((await inspectImage(await convert(raw, 'disk.qcow2'), CACHE)).content, dos);
  await run('sfdisk', ['--quiet', raw], { input: 'label: gpt\nstart=2048\n' });
  t.like((await inspectImage(raw, CACHE)).content, { ...common, tableType: 'gpt' });
});

test('a physical volume of LVM is told apart', async (t) => {
  const label = physicalVolumeLabel();
  const raw = join(FOLDER, 'pv.raw');
  await writeFile(raw, Buffer.concat([Buffer.alloc(512), label, Buffer.alloc(4 * MIB)]));
  t.deepEqual((await inspectImage(raw, CACHE)).content, { kind: 'lvm' });
});

test('swap is no file system', async (t) => {
  const raw = join(FOLDER, 'swap.raw');
  await writeFile(raw, '');
  await truncate(raw, 10 * MIB);
  await run('mkswap', [raw]);
  t.deepEqual((await inspectImage(raw, CACHE)).content, { kind: 'unknown', type: 'swap' });
});

test('a truncated qcow2 is found at every cut', async (t) => {
  const raw = await makeRaw('cut', 60, 3 * MIB);
  const kinds = { plain: [], packed: ['-c'], subclusters: ['-o', 'extended_l2=on'] };
  for (const [kind, args] of Object.entries(kinds)) {
    const whole = await readFile(await convert(raw, `cut-${kind}.qcow2`, ...args));
    for (const part of [0.1, 0.5, 0.9, 1 - 40_000 / whole.length]) {
      const path = join(FOLDER, `cut-${kind}-${part}.qcow2`);
      await writeFile(path, whole.subarray(0, Math.floor(whole.length * part)));
      await t.throwsAsync(inspectImage(path, CACHE), { code: 'IMAGE_CORRUPT' }, path);
    }
  }
  t.deepEqual(
    (await readdir(CACHE.cacheDir)).filter((name) => name.endsWith('.partial')),
    [],
  );
});

test('damaged metadata is found', async (t) => {
  const raw = await makeRaw('damage', 61, 3 * MIB);
  const path = await convert(raw, 'damage.qcow2');
  await using file = await open(path, 'r+');
  // The first L1 entry (its offset is at byte 40 of the header) now points behind the file.
  const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 40);
  await file.write(Buffer.from('8000000100000000', 'hex'), 0, 8, Number(buffer.readBigUInt64BE()));
  await t.throwsAsync(inspectImage(path, CACHE), {
    code: 'IMAGE_CORRUPT',
    message: /damage\.qcow2/,
  });
});

const HOSTILE: readonly [name: string, create: readonly string[], code: string, says: RegExp][] = [
  ['backing', ['-f', 'qcow2', '-b', '/etc/passwd', '-F', 'raw'], 'IMAGE_UNSAFE', /backing file/],
  ['data-file', ['-f', 'qcow2', '-o', 'data_file=DATA', 'SIZE'], 'IMAGE_UNSAFE', /external file/],
  [
    'encrypted',
    [
      '--object',
      'secret,id=s,data=x',
      '-f',
      'qcow2',
      '-o',
      // Not LUKS: making its key measures the processor, and fails on a busy machine.
      'encrypt.format=aes,encrypt.key-secret=s',
      'SIZE',
    ],
    'IMAGE_UNSAFE',
    /encrypted/,
  ],
  ['vmdk', ['-f', 'vmdk', 'SIZE'], 'IMAGE_FORMAT_UNSUPPORTED', /found vmdk/],
  ['vdi', ['-f', 'vdi', 'SIZE'], 'IMAGE_FORMAT_UNSUPPORTED', /found vdi/],
  ['vhdx', ['-f', 'vhdx', 'SIZE'], 'IMAGE_FORMAT_UNSUPPORTED', /found vhdx/],
  ['vhd', ['-f', 'vpc', 'SIZE'], 'IMAGE_FORMAT_UNSUPPORTED', /found vhd/],
  ['qed', ['-f', 'qed', 'SIZE'], 'IMAGE_FORMAT_UNSUPPORTED', /found qed/],
];

for (const [name, create, code, message] of HOSTILE)
  test(`refused: an image with or of ${name}`, async (t) => {
    const path = join(FOLDER, `${name}.img`);
    const args = create.map((arg) => arg.replace('DATA', join(FOLDER, 'data')));
    const before = args.filter((arg) => arg !== 'SIZE');
    await run('qemu-img', ['create', ...before, path, ...(args.includes('SIZE') ? ['10M'] : [])]);
    await t.throwsAsync(inspectImage(path, CACHE), { code, message });
  });

test('a raw image with the name of another format, and an empty one, are refused', async (t) => {
  const path = join(FOLDER, 'lie.qcow2');
  await writeFile(path, Buffer.alloc(MIB, 1));
  await t.throwsAsync(inspectImage(path, CACHE), { code: 'IMAGE_FORMAT_MISMATCH' });
  t.like(await inspectImage(path, { ...CACHE, declaredFormat: 'raw' }), { format: 'raw' });
  await writeFile(path, '');
  await t.throwsAsync(inspectImage(path, CACHE), { code: 'IMAGE_CORRUPT', message: /empty/ });
});
