import { needsAppliance } from '../tree.ts';
import type { XfsSuperblock } from './superblock.ts';

/** Data of a folder ends here in its file; its index follows. */
export const FOLDER_DATA_LIMIT_BYTES = 32 * 2 ** 30;

const DATA_MAGICS = ['XD2D', 'XDD3'];
const BLOCK_MAGICS = ['XD2B', 'XDB3'];
const FREE_TAG = 0xffff;

/** The entries of a folder that is small enough to lie in its inode ("short form"). */
export function parseShortFolder(fork: Buffer, kindInFolders: boolean): Map<string, number> {
  const found = new Map<string, number>();
  const count = fork.readUInt8(0);
  const numberBytes = fork.readUInt8(1) > 0 ? 8 : 4;
  let at = 2 + numberBytes;
  for (let entry = 0; entry < count; entry += 1) {
    const nameBytes = fork.readUInt8(at);
    const name = fork.toString('utf8', at + 3, at + 3 + nameBytes);
    at += 3 + nameBytes + (kindInFolders ? 1 : 0);
    found.set(name, readNumber(fork, at, numberBytes));
    at += numberBytes;
  }
  return found;
}

function readNumber(bytes: Buffer, at: number, size: number): number {
  return size === 8 ? Number(bytes.readBigUInt64BE(at)) : bytes.readUInt32BE(at);
}

/** The entries of one data block of a larger folder. */
export function parseFolderBlock(block: Buffer, sb: XfsSuperblock): [string, number][] {
  const magic = block.toString('latin1', 0, 4);
  const single = BLOCK_MAGICS.includes(magic);
  if (!single && !DATA_MAGICS.includes(magic))
    throw needsAppliance(`a folder of XFS has a block of kind ${JSON.stringify(magic)}`);
  const end = single ? block.length - 8 - block.readUInt32BE(block.length - 8) * 8 : block.length;
  const found: [string, number][] = [];
  let at = sb.version5 ? 64 : 16;
  while (at + 8 < end) {
    if (block.readUInt16BE(at) === FREE_TAG) {
      at += Math.max(8, block.readUInt16BE(at + 2));
      continue;
    }
    const nameBytes = block.readUInt8(at + 8);
    const name = block.toString('utf8', at + 9, at + 9 + nameBytes);
    found.push([name, Number(block.readBigUInt64BE(at))]);
    at += Math.ceil((8 + 1 + nameBytes + (sb.kindInFolders ? 1 : 0) + 2) / 8) * 8;
  }
  return found;
}
