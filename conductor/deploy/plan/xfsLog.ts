import { open } from 'node:fs/promises';
import type { Range } from './ranges.ts';

const SUPERBLOCK_BYTES = 264;

/**
 * Where the log of an XFS lies in `file`. mkfs.xfs makes it zero by reserving space, which looks
 * like a hole, yet recovery reads it: old data there could be taken for a log
 * (XFS Algorithms & Data Structures, "Superblocks": sb_logstart, sb_logblocks, sb_agblklog).
 */
export async function xfsLogRange(file: string): Promise<Range> {
  await using opened = await open(file);
  const { buffer } = await opened.read(Buffer.alloc(SUPERBLOCK_BYTES), 0, SUPERBLOCK_BYTES, 0);
  const blockBytes = buffer.readUInt32BE(4);
  const logStart = buffer.readBigUInt64BE(48);
  const groupBlocks = buffer.readUInt32BE(84);
  const logBlocks = buffer.readUInt32BE(96);
  const groupBits = BigInt(buffer.readUInt8(124));
  const group = Number(logStart >> groupBits);
  const blockInGroup = Number(logStart & ((1n << groupBits) - 1n));
  const start = (group * groupBlocks + blockInGroup) * blockBytes;
  return { start, end: start + logBlocks * blockBytes };
}
