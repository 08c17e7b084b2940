import { needsAppliance } from '../tree.ts';

/** What is read of an ext2/3/4 superblock (kernel Documentation/filesystems/ext4). */
export type ExtSuperblock = {
  readonly blockBytes: number;
  readonly firstDataBlock: number;
  readonly inodesPerGroup: number;
  readonly inodeCount: number;
  readonly inodeBytes: number;
  readonly descriptorBytes: number;
};

/** Where the superblock stands in the file system. */
export const EXT_SUPERBLOCK = { offsetBytes: 1024, sizeBytes: 1024 } as const;

const MAGIC = 0xef53;
const NEEDS_RECOVERY = 0x4;
const WIDE_DESCRIPTORS = 0x80;
/** filetype, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, largedir. */
const KNOWN = 0x2 | 0x40 | WIDE_DESCRIPTORS | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000;

/** Parses a superblock. @throws ImageToolError APPLIANCE_NEEDED when it is not safe to read on */
export function parseExtSuperblock(block: Buffer): ExtSuperblock {
  if (block.length < 1024 || block.readUInt16LE(56) !== MAGIC)
    throw needsAppliance('an ext file system has no superblock');
  const incompatible = block.readUInt32LE(96);
  if (incompatible & NEEDS_RECOVERY)
    throw needsAppliance('the journal of an ext file system holds changes (it was not unmounted)');
  const unknown = incompatible & ~KNOWN;
  if (unknown !== 0)
    throw needsAppliance(`an ext file system uses features 0x${unknown.toString(16)}`);
  const blockBytes = 1024 << block.readUInt32LE(24);
  const inodesPerGroup = block.readUInt32LE(40);
  if (blockBytes < 1024 || blockBytes > 65_536 || inodesPerGroup === 0)
    throw needsAppliance('the superblock of an ext file system makes no sense');
  return {
    blockBytes,
    inodesPerGroup,
    firstDataBlock: block.readUInt32LE(20),
    inodeCount: block.readUInt32LE(0),
    inodeBytes: block.readUInt32LE(76) === 0 ? 128 : block.readUInt16LE(88),
    descriptorBytes: incompatible & WIDE_DESCRIPTORS ? block.readUInt16LE(254) : 32,
  };
}
