import { needsAppliance } from '../tree.ts';

/** What is read of an XFS superblock (XFS Algorithms & Data Structures, "Superblocks"). */
export type XfsSuperblock = {
  readonly blockBytes: number;
  readonly groupBlocks: number;
  readonly groupCount: number;
  readonly rootNumber: number;
  readonly inodeBytes: number;
  /** log2 of the blocks of a group and of the inodes of a block: how numbers are put together. */
  readonly groupBlocksLog: number;
  readonly inodesPerBlockLog: number;
  readonly folderBlockBytes: number;
  /** Version 5: checksums in metadata, larger headers. */
  readonly version5: boolean;
  /** Folder entries hold the kind of file. */
  readonly kindInFolders: boolean;
  readonly logStartBlock: number;
  readonly logBlocks: number;
};

const V4_KIND_IN_FOLDERS = 0x200;
const V5_KIND_IN_FOLDERS = 0x1;
/** ftype, sparse inodes, meta uuid, bigtime, large extent counts, exchange range, parent pointers. */
const KNOWN = 0x1 | 0x2 | 0x4 | 0x8 | 0x20 | 0x40 | 0x80;

/** Parses a superblock. @throws ImageToolError APPLIANCE_NEEDED when it is not safe to read on */
export function parseXfsSuperblock(sector: Buffer): XfsSuperblock {
  if (sector.length < 512 || sector.toString('latin1', 0, 4) !== 'XFSB')
    throw needsAppliance('an XFS file system has no superblock');
  const version5 = (sector.readUInt16BE(100) & 0xf) === 5;
  const incompatible = version5 ? sector.readUInt32BE(216) : 0;
  const unknown = incompatible & ~KNOWN;
  if (unknown !== 0) throw needsAppliance(`XFS uses features 0x${unknown.toString(16)}`);
  const blockBytes = sector.readUInt32BE(4);
  const logStartBlock = Number(sector.readBigUInt64BE(48));
  if (blockBytes < 512 || blockBytes > 65_536 || sector.readUInt8(124) > 31)
    throw needsAppliance('the superblock of XFS makes no sense');
  if (logStartBlock === 0) throw needsAppliance('the log of XFS lies on another device');
  return {
    blockBytes,
    version5,
    logStartBlock,
    groupBlocks: sector.readUInt32BE(84),
    groupCount: sector.readUInt32BE(88),
    rootNumber: Number(sector.readBigUInt64BE(56)),
    inodeBytes: sector.readUInt16BE(104),
    inodesPerBlockLog: sector.readUInt8(123),
    groupBlocksLog: sector.readUInt8(124),
    folderBlockBytes: blockBytes << sector.readUInt8(192),
    kindInFolders: version5
      ? (incompatible & V5_KIND_IN_FOLDERS) !== 0
      : (sector.readUInt32BE(200) & V4_KIND_IN_FOLDERS) !== 0,
    logBlocks: sector.readUInt32BE(96),
  };
}

/** Where a file system block (group number above, block in the group below) stands, in bytes. */
export function blockOffset(sb: XfsSuperblock, block: number): number {
  const group = Math.floor(block / 2 ** sb.groupBlocksLog);
  const inGroup = block % 2 ** sb.groupBlocksLog;
  if (group >= sb.groupCount || inGroup >= sb.groupBlocks)
    throw needsAppliance(`XFS names block ${block}, which it does not have`);
  return (group * sb.groupBlocks + inGroup) * sb.blockBytes;
}

/** Where an inode stands, in bytes. */
export function inodeOffset(sb: XfsSuperblock, number: number): number {
  const block = Math.floor(number / 2 ** sb.inodesPerBlockLog);
  const inBlock = number % 2 ** sb.inodesPerBlockLog;
  return blockOffset(sb, block) + inBlock * sb.inodeBytes;
}
