import {
  kindOfMode,
  needsAppliance,
  readContent,
  type FileTree,
  type Inode,
  type ReadBytes,
} from '../tree.ts';
import { readBlockMap, readExtentTree } from './extents.ts';
import { EXT_SUPERBLOCK, parseExtSuperblock, type ExtSuperblock } from './superblock.ts';

const ROOT_NUMBER = 2;
const FLAG_ENCRYPTED = 0x800;
const FLAG_EXTENTS = 0x80000;
const FLAG_INLINE_DATA = 0x10000000;
const INLINE_LINK_BYTES = 60;

/** Opens an ext2/3/4 file system for reading. @throws ImageToolError APPLIANCE_NEEDED */
export async function openExt(read: ReadBytes): Promise<FileTree> {
  const { offsetBytes, sizeBytes } = EXT_SUPERBLOCK;
  const superblock = parseExtSuperblock(await read(offsetBytes, sizeBytes));
  return {
    rootNumber: ROOT_NUMBER,
    inode: (number) => readInode(read, superblock, number),
    entries: async (folder) => parseEntries(await readContent(read, folder)),
  };
}

async function readInode(read: ReadBytes, sb: ExtSuperblock, number: number): Promise<Inode> {
  if (number < 1 || number > sb.inodeCount)
    throw needsAppliance(`an ext file system names inode ${number} of ${sb.inodeCount}`);
  const group = Math.floor((number - 1) / sb.inodesPerGroup);
  const index = (number - 1) % sb.inodesPerGroup;
  const table = await inodeTable(read, sb, group);
  const raw = await read(table + index * sb.inodeBytes, 128);
  if (raw.length < 128) throw needsAppliance('an inode lies past the end of its ext file system');
  return parseInode(read, sb, raw);
}

async function inodeTable(read: ReadBytes, sb: ExtSuperblock, group: number): Promise<number> {
  const at = (sb.firstDataBlock + 1) * sb.blockBytes + group * sb.descriptorBytes;
  const descriptor = await read(at, sb.descriptorBytes);
  const high = sb.descriptorBytes >= 64 ? descriptor.readUInt32LE(40) : 0;
  return (descriptor.readUInt32LE(8) + high * 2 ** 32) * sb.blockBytes;
}

async function parseInode(read: ReadBytes, sb: ExtSuperblock, raw: Buffer): Promise<Inode> {
  const kind = kindOfMode(raw.readUInt16LE(0));
  const flags = raw.readUInt32LE(32);
  if (flags & (FLAG_ENCRYPTED | FLAG_INLINE_DATA))
    throw needsAppliance('a file of an ext4 file system is encrypted or lies in its inode');
  const sizeBytes = raw.readUInt32LE(4) + raw.readUInt32LE(108) * 2 ** 32;
  const map = raw.subarray(40, 100);
  const base = { kind, sizeBytes, shared: false };
  if (kind === 'symlink' && sizeBytes < INLINE_LINK_BYTES && !(flags & FLAG_EXTENTS))
    return { ...base, content: { inline: map.subarray(0, sizeBytes) } };
  if (kind === 'other') return { ...base, content: { inline: Buffer.alloc(0) } };
  const extents =
    flags & FLAG_EXTENTS
      ? await readExtentTree(read, sb.blockBytes, map)
      : await readBlockMap(read, sb.blockBytes, map, sizeBytes);
  return { ...base, content: { extents } };
}

/** The entries of a folder, block after block; hashed folders read the same way. */
export function parseEntries(bytes: Buffer): Map<string, number> {
  const found = new Map<string, number>();
  let at = 0;
  while (at + 8 <= bytes.length) {
    const number = bytes.readUInt32LE(at);
    const length = bytes.readUInt16LE(at + 4);
    const nameLength = bytes.readUInt8(at + 6);
    if (length < 8 || at + length > bytes.length || nameLength > length - 8)
      throw needsAppliance('a folder of an ext file system makes no sense');
    if (number !== 0) found.set(bytes.toString('utf8', at + 8, at + 8 + nameLength), number);
    at += length;
  }
  return found;
}
