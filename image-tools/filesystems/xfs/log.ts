import { SECTOR } from '../../values/bytes.ts';
import { needsAppliance, type ReadBytes } from '../tree.ts';
import { blockOffset, type XfsSuperblock } from './superblock.ts';

const RECORD_MAGIC = 0xfeedbabe;
const UNMOUNT_FLAG = 0x20;
const CHUNK_BYTES = 1024 * 1024;

type LogRecord = {
  readonly lsn: bigint;
  readonly offsetBytes: number;
  readonly operations: number;
};

/**
 * Makes sure that the log holds nothing that a mount would still write elsewhere: its newest record
 * must be that of an unmount, which is the kernel's own test (fs/xfs/xfs_log_recover.c).
 * @throws ImageToolError APPLIANCE_NEEDED
 */
export async function ensureCleanLog(read: ReadBytes, sb: XfsSuperblock): Promise<void> {
  const start = blockOffset(sb, sb.logStartBlock);
  const newest = await newestRecord(read, start, sb.logBlocks * sb.blockBytes);
  if (!newest) throw needsAppliance('the log of XFS holds no record');
  const operation = await read(newest.offsetBytes + SECTOR, SECTOR);
  if (newest.operations === 1 && operation.readUInt8(9) & UNMOUNT_FLAG) return;
  throw needsAppliance('the log of XFS holds changes (it was not unmounted)');
}

async function newestRecord(
  read: ReadBytes,
  start: number,
  sizeBytes: number,
): Promise<LogRecord | undefined> {
  let newest: LogRecord | undefined;
  for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) {
    const chunk = await read(start + at, Math.min(CHUNK_BYTES, sizeBytes - at));
    for (let sector = 0; sector + SECTOR <= chunk.length; sector += SECTOR) {
      if (chunk.readUInt32BE(sector) !== RECORD_MAGIC) continue;
      const lsn = chunk.readBigUInt64BE(sector + 16);
      if (newest && newest.lsn > lsn) continue;
      newest = {
        lsn,
        offsetBytes: start + at + sector,
        operations: chunk.readUInt32BE(sector + 40),
      };
    }
  }
  return newest;
}
