import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../../image-tools/process/run.ts';
import { MIB, SECTOR } from '../../../image-tools/values/bytes.ts';
import { EXTENT_BYTES, FIRST_EXTENT_BYTES, metadataText, physicalVolumeHead } from './lvmImage.ts';

/** Files by path, absolute: text, bytes, or `-> target` for a symbolic link. */
export type Tree = Readonly<Record<string, string | Buffer>>;

export type FileSystem = 'ext4' | 'ext2' | 'xfs' | 'btrfs';

export type TinyPartition = {
  readonly content: FileSystem | 'lvm-xfs' | 'lvm-ext4' | 'swap' | 'luks' | 'empty';
  readonly files?: Tree;
  /** Of an ext file system. */
  readonly label?: string;
  /** Of ext4: the top folder cannot be changed. */
  readonly immutable?: boolean;
  readonly group?: string;
  readonly volume?: string;
  /** Further volumes in the metadata text. */
  readonly more?: string;
  readonly segments?: string;
};

export type TinyImage = {
  readonly label?: 'dos' | 'gpt';
  readonly partitions: readonly TinyPartition[];
  readonly format?: 'qcow2' | 'raw';
  readonly compress?: boolean;
};

const START_BYTES = MIB;
const SIZES = { ext4: 16 * MIB, ext2: 16 * MIB, xfs: 304 * MIB, btrfs: 128 * MIB } as const;

/** A folder that goes with the test. */
export async function scratch(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'image-tools-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Writes a small disk image without root: file systems by mke2fs -d, mkfs.xfs -p
 * and mkfs.btrfs --rootdir, LVM labels by
 * hand, the partition table by sfdisk. Holes stay holes: a few hundred KiB on disk.
 */
export async function tinyImage(folder: string, image: TinyImage): Promise<string> {
  const { label = 'dos', format = 'qcow2', compress = false } = image;
  const raw = join(folder, 'tiny.raw');
  await using disk = await open(raw, 'w');
  let at = START_BYTES;
  const lines = [`label: ${label}`, 'unit: sectors'];
  for (const [index, partition] of image.partitions.entries()) {
    const sizeBytes = await writePartition(disk, at, partition, join(folder, `part-${index}`));
    lines.push(`start=${at / SECTOR}, size=${sizeBytes / SECTOR}`);
    at += sizeBytes;
  }
  await disk.truncate(at + MIB);
  await run('sfdisk', ['--quiet', raw], { input: `${lines.join('\n')}\n` });
  if (format === 'raw') return raw;
  const qcow2 = join(folder, 'tiny.qcow2');
  const how = compress ? ['-c'] : [];
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', ...how, raw, qcow2]);
  await rm(raw);
  return qcow2;
}

/** Of an ext4: the flags of the top folder are "extents" and "immutable" then. */
async function makeImmutable(path: string): Promise<void> {
  await run('debugfs', ['-w', '-R', 'set_inode_field / flags 0x80010', path]);
}

type Disk = Awaited<ReturnType<typeof open>>;

async function writePartition(
  disk: Disk,
  at: number,
  partition: TinyPartition,
  scratchPath: string,
): Promise<number> {
  const { content, files = {} } = partition;
  if (content === 'empty') return MIB;
  if (content === 'swap' || content === 'luks') {
    const magic =
      content === 'swap' ? { text: 'SWAPSPACE2', at: 4086 } : { text: 'LUKS\xba\xbe', at: 0 };
    await disk.write(Buffer.from(magic.text, 'latin1'), 0, magic.text.length, at + magic.at);
    return MIB;
  }
  if (content !== 'lvm-xfs' && content !== 'lvm-ext4') {
    const made = await makeFileSystem(scratchPath, content, files, partition.label);
    if (partition.immutable) await makeImmutable(made);
    await copySparse(made, disk, at);
    return SIZES[content];
  }
  const made = await makeFileSystem(scratchPath, content === 'lvm-xfs' ? 'xfs' : 'ext4', files);
  const { size } = await stat(made);
  const head = physicalVolumeHead(metadataText({ ...partition, extents: size / EXTENT_BYTES }));
  await disk.write(head, 0, head.length, at);
  await copySparse(made, disk, at + FIRST_EXTENT_BYTES);
  return FIRST_EXTENT_BYTES + size + EXTENT_BYTES;
}

/** Makes a file system with `files` in it, in a new file at `path`. */
export async function makeFileSystem(
  path: string,
  kind: FileSystem,
  files: Tree,
  label = '',
): Promise<string> {
  const tree = `${path}.tree`;
  await writeTree(tree, files);
  await writeFile(path, '');
  await truncate(path, SIZES[kind]);
  if (kind === 'xfs') {
    await writeFile(`${path}.proto`, await xfsPrototype(tree));
    await run('mkfs.xfs', ['-q', '-p', `${path}.proto`, path]);
  } else if (kind === 'btrfs') await run('mkfs.btrfs', ['-q', '--rootdir', tree, path]);
  else await run('mke2fs', ['-q', '-F', '-t', kind, '-L', label, '-d', tree, path]);
  await rm(tree, { recursive: true });
  return path;
}

async function writeTree(tree: string, files: Tree): Promise<void> {
  await mkdir(tree, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const target = join(tree, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof content === 'string' && content.startsWith('-> '))
      await symlink(content.slice(3), target);
    else if (path.endsWith('/')) await mkdir(target, { recursive: true });
    else await writeFile(target, content);
  }
}

/** The description of a tree for mkfs.xfs(8), option -p. */
async function xfsPrototype(tree: string): Promise<string> {
  return `/dev/null\n0 0\nd--755 0 0\n${await listFolder(tree)}$\n`;
}

async function listFolder(folder: string): Promise<string> {
  let text = '';
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) text += `${entry.name} d--755 0 0\n${await listFolder(path)}$\n`;
    else if (entry.isSymbolicLink()) {
      text += `${entry.name} l--777 0 0 ${await readlink(path)}\n`;
    } else text += `${entry.name} ---644 0 0 ${path}\n`;
  }
  return text;
}

const BLOCK_BYTES = MIB;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

async function copySparse(from: string, disk: Disk, at: number): Promise<void> {
  await using file = await open(from);
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let done = 0; ;) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, done);
    if (bytesRead === 0) break;
    if (!block.subarray(0, bytesRead).equals(ZEROS.subarray(0, bytesRead)))
      await disk.write(block, 0, bytesRead, at + done);
    done += bytesRead;
  }
  await rm(from);
}
