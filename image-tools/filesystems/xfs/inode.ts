import { kindOfMode, needsAppliance, type FileExtent, type Inode } from '../tree.ts';
import { blockOffset, type XfsSuperblock } from './superblock.ts';

const V2_CORE_BYTES = 100;
const V3_CORE_BYTES = 176;
const FORMAT_LOCAL = 1;
const FORMAT_EXTENTS = 2;
const FLAG_REALTIME = 0x1;
const FLAG2_REFLINK = 0x2n;
const FLAG2_LARGE_COUNTS = 0x10n;
const EXTENT_BYTES = 16;

/** Parses an inode. @throws ImageToolError APPLIANCE_NEEDED for B+tree and realtime forms */
export function parseXfsInode(raw: Buffer, sb: XfsSuperblock): Inode {
  if (raw.length < V3_CORE_BYTES || raw.toString('latin1', 0, 2) !== 'IN')
    throw needsAppliance('an inode of XFS makes no sense');
  const version3 = raw.readUInt8(4) === 3;
  const format = raw.readUInt8(5);
  const flags2 = version3 ? raw.readBigUInt64BE(120) : 0n;
  const kind = kindOfMode(raw.readUInt16BE(2));
  const sizeBytes = Number(raw.readBigUInt64BE(56));
  const fork = raw.subarray(version3 ? V3_CORE_BYTES : V2_CORE_BYTES);
  const base = { kind, sizeBytes, shared: (flags2 & FLAG2_REFLINK) !== 0n };
  if (format === FORMAT_LOCAL) return { ...base, content: { inline: fork.subarray(0, sizeBytes) } };
  if (kind === 'other') return { ...base, content: { inline: Buffer.alloc(0) } };
  if (format !== FORMAT_EXTENTS)
    throw needsAppliance('a file of XFS is in more pieces than its inode can name');
  if (raw.readUInt16BE(90) & FLAG_REALTIME)
    throw needsAppliance('a file of XFS lies on its realtime device');
  const count =
    flags2 & FLAG2_LARGE_COUNTS ? Number(raw.readBigUInt64BE(24)) : raw.readUInt32BE(76);
  if (count * EXTENT_BYTES > fork.length) throw needsAppliance('an inode of XFS is cut off');
  return { ...base, content: { extents: parseExtents(fork, count, sb) } };
}

function parseExtents(fork: Buffer, count: number, sb: XfsSuperblock): FileExtent[] {
  return Array.from({ length: count }, (_, index) => {
    const high = fork.readBigUInt64BE(index * EXTENT_BYTES);
    const low = fork.readBigUInt64BE(index * EXTENT_BYTES + 8);
    const block = Number(((high & 0x1ffn) << 43n) | (low >> 21n));
    return {
      unwritten: high >> 63n === 1n,
      fileOffsetBytes: Number((high >> 9n) & 0x3f_ffff_ffff_ffffn) * sb.blockBytes,
      offsetBytes: blockOffset(sb, block),
      sizeBytes: Number(low & 0x1f_ffffn) * sb.blockBytes,
    };
  });
}
