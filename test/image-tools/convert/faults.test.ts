import { readdir, stat, truncate, writeFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { convert } from '../../../image-tools/convert/convert.ts';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import type { ImageErrorCode } from '../../../image-tools/errors/table.ts';
import { run } from '../../../image-tools/process/run.ts';
import {
  atomicPartitions,
  cloudRoot,
  DEBIAN_GRUB,
  ostreeBoot,
  ostreeRoot,
} from '../support/systems.ts';
import { scratch, tinyImage, type TinyImage, type TinyPartition } from '../support/tinyImage.ts';

type Options = Partial<Parameters<typeof convert>[0]>;

/** Converts and expects it to fail, with nothing left in the output folder. */
async function failure(folder: string, image: string, options: Options = {}): Promise<unknown> {
  const outputDir = join(folder, 'out');
  try {
    await convert({ image, outputDir, name: 'a', appliance: false, ...options });
    return undefined;
  } catch (error) {
    const left = await readdir(outputDir).catch(() => []);
    return left.length === 0 ? error : new Error(`left behind: ${left.join(', ')}`);
  }
}

const cloud = (content: TinyPartition['content'] = 'ext4'): TinyPartition => ({
  content,
  files: cloudRoot(DEBIAN_GRUB),
});

const [boot, volume] = atomicPartitions();
if (!boot || !volume) throw new Error('an Atomic-style disk has two partitions');

const LAYOUTS: readonly [string, readonly TinyPartition[], ImageErrorCode, RegExp, Options?][] = [
  ['no file system', [{ content: 'empty' }], 'NO_ROOT', /1 unknown/],
  ['only swap', [{ content: 'swap' }], 'NO_ROOT', /swap/],
  ['an encrypted root', [{ content: 'luks' }], 'SOURCE_ENCRYPTED', /LUKS/],
  [
    'a file system without a system',
    [{ content: 'ext4', files: { '/a': 'b' } }],
    'NO_ROOT',
    /partition 1/,
  ],
  ['several roots', [cloud(), cloud()], 'SEVERAL_ROOTS', /partition 1, partition 2/],
  [
    'a root that is not there',
    [cloud()],
    'NO_ROOT',
    /no root vg\/x; found partition 1/,
    { root: 'vg/x' },
  ],
  [
    'a root without /boot',
    [{ content: 'ext4', files: { '/etc/os-release': 'ID=x\n' } }],
    'NO_KERNEL',
    /\/boot/,
  ],
  [
    'a deployment too many',
    [boot, volume],
    'NO_SUCH_DEPLOYMENT',
    /the image has 2: 0 Atomic 2.*1 Atomic 1/,
    { deployment: 2 },
  ],
  [
    'an entry whose kernel is missing',
    [
      {
        ...boot,
        files: {
          ...ostreeBoot(),
          '/loader.1/entries/x.conf': 'version 99\nlinux /none\ninitrd /none\n',
        },
      },
      volume,
    ],
    'NO_KERNEL',
    /\/none/,
  ],
  [
    'an entry without a ramdisk',
    [
      {
        ...boot,
        files: { ...ostreeBoot(), '/loader.1/entries/x.conf': 'version 99\nlinux /grub\n' },
      },
      volume,
    ],
    'NO_KERNEL',
    /names no ramdisk/,
  ],
  [
    'an entry that is a link',
    [{ ...boot, files: { ...ostreeBoot(), '/loader.1/entries/x.conf': '-> /etc/shadow' } }, volume],
    'BOOT_ENTRY_UNSAFE',
    /symlink/,
  ],
  [
    'an fstab that is a link',
    [{ content: 'ext4', files: { ...cloudRoot(DEBIAN_GRUB), '/etc/fstab': '-> /etc/passwd' } }],
    'BOOT_ENTRY_UNSAFE',
    /fstab.*symlink/,
  ],
  [
    'a kernel line with a control character',
    atomicPartitions({ extra: 'a=\u0001' }),
    'BOOT_ENTRY_UNSAFE',
    /u0001/,
  ],
  [
    'an ostree= that leads nowhere',
    atomicPartitions({ extra: 'x' }).map((each, index) =>
      index === 0 ? each : { ...each, files: { '/ostree/deploy/x/': '' } },
    ),
    'NO_ROOT',
    /ostree\/boot\.1/,
  ],
];

for (const [what, partitions, code, message, options] of LAYOUTS)
  test(`ends well: ${what}`, async (t) => {
    await using folder = await scratch();
    const image = await tinyImage(folder.path, { label: 'gpt', partitions });
    const error = await failure(folder.path, image, options);
    t.true(hasImageCode(error, code), String(error));
    t.regex(String(error), message);
  });

const NEEDS_APPLIANCE: readonly [string, readonly TinyPartition[], RegExp, Options?][] = [
  [
    'a thin volume',
    [
      boot,
      { ...volume, segments: 'segment1 {\nstart_extent = 0\nextent_count = 4\ntype = "thin"\n}' },
    ],
    /atomicos\/root: its segment is of type thin/,
  ],
  ['--edit', [boot, volume], /--edit/, { edits: [{ action: 'mkdir', path: '/etc/x' }] }],
  ['--shrink', [boot, volume], /--shrink/, { shrink: true }],
  [
    'a ramdisk that cannot carry the loader',
    [
      {
        ...boot,
        files: Object.fromEntries(
          Object.entries(ostreeBoot()).map(([path, content]) => [
            path,
            path.endsWith('.img') ? 'no ramdisk' : content,
          ]),
        ),
      },
      volume,
    ],
    /ramdisk/,
  ],
];

for (const [what, partitions, message, options] of NEEDS_APPLIANCE)
  test(`--no-appliance refuses, and says why: ${what}`, async (t) => {
    await using folder = await scratch();
    const image = await tinyImage(folder.path, { partitions });
    const error = await failure(folder.path, image, options);
    t.true(hasImageCode(error, 'APPLIANCE_NEEDED'), String(error));
    t.regex(String(error), message);
  });

test('dashes in the names of LVM are doubled in root=, as the machine has them', async (t) => {
  await using folder = await scratch();
  const partitions = [
    { content: 'ext4', files: ostreeBoot() },
    { content: 'lvm-ext4', files: ostreeRoot(), group: 'my-group', volume: 'the-root' },
  ] as const;
  const image = await tinyImage(folder.path, { partitions });
  const { manifest } = await convert({
    image,
    outputDir: folder.path,
    name: 'a',
    appliance: false,
  });
  t.deepEqual(manifest.lvm, { group: 'my-group', volume: 'the-root' });
});

type Harm = (image: string) => Promise<unknown>;
const ATOMIC: TinyImage = { partitions: [boot, volume] };

const HARMED: readonly [string, TinyImage, Harm, ImageErrorCode][] = [
  [
    'cut in half',
    ATOMIC,
    async (image) => truncate(image, (await stat(image)).size / 2),
    'SOURCE_DAMAGED',
  ],
  [
    'cut within its last cluster',
    ATOMIC,
    async (image) => truncate(image, (await stat(image)).size - 512),
    'SOURCE_DAMAGED',
  ],
  ['cut within its header', ATOMIC, (image) => truncate(image, 40), 'SOURCE_NOT_AN_IMAGE'],
  ['empty', ATOMIC, (image) => truncate(image, 0), 'SOURCE_NOT_AN_IMAGE'],
  ['a text', ATOMIC, (image) => writeFile(image, 'hello '.repeat(1000)), 'SOURCE_NOT_AN_IMAGE'],
  ['tables that point into each other', ATOMIC, corruptTables, 'SOURCE_DAMAGED'],
  [
    'a backing file',
    ATOMIC,
    (image) =>
      run('qemu-img', [
        'create',
        '-q',
        '-f',
        'qcow2',
        '-F',
        'raw',
        '-b',
        '/etc/passwd',
        image,
        '1G',
      ]),
    'SOURCE_REFERS_ELSEWHERE',
  ],
  [
    'encrypted',
    ATOMIC,
    (image) =>
      run('qemu-img', [
        'create',
        '-q',
        '-f',
        'qcow2',
        '--object',
        'secret,id=s,data=x',
        '-o',
        // Not LUKS: making its key measures the processor, and fails on a busy machine.
        'encrypt.format=aes,encrypt.key-secret=s',
        image,
        '64M',
      ]),
    'SOURCE_ENCRYPTED',
  ],
];

/** Lets two entries of the second-level table name the same cluster. */
async function corruptTables(image: string): Promise<void> {
  await using file = await open(image, 'r+');
  const head = Buffer.alloc(48);
  await file.read(head, 0, 48, 0);
  const table = Buffer.alloc(8);
  await file.read(table, 0, 8, Number(head.readBigUInt64BE(40)));
  const at = Number(table.readBigUInt64BE(0) & 0x00ff_ffff_ffff_fe00n);
  const entries = Buffer.alloc(65_536);
  await file.read(entries, 0, entries.length, at);
  entries.writeBigUInt64BE(BigInt(at) | (1n << 63n), 16 * 8);
  await file.write(entries, 0, entries.length, at);
}

for (const [what, made, harm, code] of HARMED)
  test(`ends well: an image that is ${what}`, async (t) => {
    await using folder = await scratch();
    const image = await tinyImage(folder.path, made);
    await harm(image);
    const error = await failure(folder.path, image);
    t.true(hasImageCode(error, code), String(error));
  });

test('a file that is not there', async (t) => {
  await using folder = await scratch();
  t.true(hasImageCode(await failure(folder.path, join(folder.path, 'none')), 'SOURCE_UNREADABLE'));
  t.true(hasImageCode(await failure(folder.path, folder.path), 'SOURCE_UNREADABLE'));
});
