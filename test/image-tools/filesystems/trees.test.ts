import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { hasImageCode, ImageToolError } from '../../../image-tools/errors/error.ts';
import { openExt } from '../../../image-tools/filesystems/ext/tree.ts';
import { resolveLinks } from '../../../image-tools/filesystems/resolve.ts';
import type { ReadBytes } from '../../../image-tools/filesystems/tree.ts';
import { TreeFiles } from '../../../image-tools/filesystems/treeFiles.ts';
import { openXfs } from '../../../image-tools/filesystems/xfs/tree.ts';
import { seededRandom } from '../support/random.ts';
import { makeFileSystem, scratch, type Tree } from '../support/tinyImage.ts';

const BIG = randomBytes(700_001);
const MANY = Object.fromEntries(
  Array.from({ length: 400 }, (_, index) => [`/many/a-rather-long-file-name-${index}`, `${index}`]),
);
const FILES: Tree = {
  ...MANY,
  '/etc/hostname': 'atomic\n',
  '/etc/empty': '',
  '/etc/ünï': 'utf8',
  '/deep/er/and/deeper/file': 'down here',
  '/big': BIG,
  '/short': '-> etc/hostname',
  '/absolute': '-> /etc/hostname',
  '/out': '-> ../../../../etc/hostname',
  '/loop': '-> loop2',
  '/loop2': '-> loop',
  [`/long`]: `-> ${'./'.repeat(60)}etc/hostname`,
};

const OPEN = { ext2: openExt, ext4: openExt, xfs: openXfs } as const;

async function openMade(folder: string, kind: keyof typeof OPEN) {
  const path = await makeFileSystem(join(folder, kind), kind, FILES);
  const file = await open(path);
  const read: ReadBytes = async (offsetBytes, sizeBytes) => {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(sizeBytes),
      0,
      sizeBytes,
      offsetBytes,
    );
    return buffer.subarray(0, bytesRead);
  };
  return { file, read, files: new TreeFiles(kind, await OPEN[kind](read), read) };
}

for (const kind of ['ext4', 'ext2', 'xfs'] as const) {
  test(`${kind}: files, folders and links read as they were written`, async (t) => {
    await using folder = await scratch();
    const { files, file } = await openMade(folder.path, kind);
    await using _open = file;
    t.deepEqual([...(await files.list('/etc'))], ['empty', 'hostname', 'ünï']);
    t.is((await files.list('/many')).length, 400);
    t.is(await files.readText('/many/a-rather-long-file-name-399'), '399');
    t.is(await files.readText('/deep/er/and/deeper/file'), 'down here');
    t.is(await files.readText('/etc/empty'), '');
    t.is(await files.kind('/short'), 'symlink');
    t.is(await files.readLink('/long'), `${'./'.repeat(60)}etc/hostname`);
    t.is(await files.kind('/etc'), 'folder');
    t.is(await files.kind('/etc/none'), undefined);
    t.is(await files.kind('/etc/hostname/below'), undefined);
    t.deepEqual(await files.list('/none'), []);
    await files.download('/big', join(folder.path, 'big'));
    t.true((await readFile(join(folder.path, 'big'))).equals(BIG));
    for (const link of ['/short', '/absolute', '/out', '/long'])
      t.is(await resolveLinks(files, link), '/etc/hostname');
    t.is(await resolveLinks(files, '/loop'), undefined);
    t.is(await resolveLinks(files, '/etc/none'), undefined);
  });

  test(`${kind}: random damage is an error of ours, or reads as something`, async (t) => {
    await using folder = await scratch();
    const { read, file } = await openMade(folder.path, kind);
    await using _open = file;
    const random = seededRandom(9);
    for (let round = 0; round < 60; round += 1) {
      const from = random(200_000);
      const damaged: ReadBytes = async (offsetBytes, sizeBytes) => {
        const bytes = Buffer.from(await read(offsetBytes, sizeBytes));
        for (let at = 0; at < bytes.length; at += 97)
          if (offsetBytes + at >= from && offsetBytes + at < from + 4096)
            bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        return bytes;
      };
      try {
        const files = new TreeFiles(kind, await OPEN[kind](damaged), damaged);
        await files.list('/etc');
        await files.readText('/deep/er/and/deeper/file');
        t.pass();
      } catch (error) {
        t.true(isOurs(error), String((error as Error).stack));
      }
    }
  });
}

/** A named failure, or the plain one for a file that went missing; never a TypeError or RangeError. */
function isOurs(error: unknown): boolean {
  return error instanceof ImageToolError || /holds no \//.test(String(error));
}

test('ext4 with a journal to replay is left alone', async (t) => {
  await using folder = await scratch();
  const { read, file } = await openMade(folder.path, 'ext4');
  await using _open = file;
  const dirty: ReadBytes = async (offsetBytes, sizeBytes) => {
    const bytes = Buffer.from(await read(offsetBytes, sizeBytes));
    if (offsetBytes === 1024) bytes.writeUInt32LE(bytes.readUInt32LE(96) | 4, 96);
    return bytes;
  };
  const error = await t.throwsAsync(openExt(dirty));
  t.true(hasImageCode(error, 'APPLIANCE_NEEDED'));
  t.regex(error.message, /journal/);
});

test('XFS with a log to replay is left alone', async (t) => {
  await using folder = await scratch();
  const { read, file } = await openMade(folder.path, 'xfs');
  await using _open = file;
  const dirty: ReadBytes = async (offsetBytes, sizeBytes) => {
    const bytes = Buffer.from(await read(offsetBytes, sizeBytes));
    for (let at = 0; at + 512 <= bytes.length; at += 512)
      if (bytes.readUInt32BE(at) === 0xfeedbabe) bytes.writeUInt32BE(7, at + 40);
    return bytes;
  };
  const error = await t.throwsAsync(openXfs(dirty));
  t.true(hasImageCode(error, 'APPLIANCE_NEEDED'));
  t.regex(error.message, /log/);
});
