import { ImageToolError } from '../errors/error.ts';
import type { ReadDisk } from '../source/diskReader.ts';
import { MIB, SECTOR } from '../values/bytes.ts';
import { entriesRange, isGptHeader, parseGptEntries, parseGptHeader } from './gpt.ts';
import {
  isExtended,
  hasBootSignature,
  mbrPartition,
  parseMbrEntries,
  PROTECTIVE_TYPE,
  type MbrEntry,
} from './mbr.ts';
import type { DiskPartition, PartitionTable } from './types.ts';

const MAX_LOGICAL = 60;

/**
 * Reads the partition table of a disk of `diskBytes`; sectors of 512 or 4096 bytes.
 * @throws ImageToolError SOURCE_NOT_AN_IMAGE, SOURCE_DAMAGED, SOURCE_ABSURD
 */
export async function readPartitionTable(
  read: ReadDisk,
  diskBytes: number,
): Promise<PartitionTable> {
  const head = await read({ offsetBytes: 0, sizeBytes: MIB });
  const table = (await readGpt(read, head)) ?? (await readMbr(read, head));
  if (!table)
    throw new ImageToolError(
      'SOURCE_NOT_AN_IMAGE',
      'The disk has no partition table (MBR or GPT).',
    );
  for (const partition of table.partitions) refuseOutside(partition, diskBytes);
  return table;
}

async function readGpt(read: ReadDisk, head: Buffer): Promise<PartitionTable | undefined> {
  const sectorBytes = [SECTOR, 4096].find((size) => isGptHeader(head.subarray(size)));
  if (sectorBytes === undefined) return undefined;
  const header = parseGptHeader(head.subarray(sectorBytes, 2 * sectorBytes), sectorBytes);
  const range = entriesRange(header);
  const end = range.offsetBytes + range.sizeBytes;
  const bytes = end <= head.length ? head.subarray(range.offsetBytes, end) : await read(range);
  return { label: 'gpt', sectorBytes, partitions: parseGptEntries(bytes, header, sectorBytes) };
}

async function readMbr(read: ReadDisk, head: Buffer): Promise<PartitionTable | undefined> {
  if (!hasBootSignature(head)) return undefined;
  const entries = parseMbrEntries(head);
  if (entries.some(({ type }) => type === PROTECTIVE_TYPE))
    throw new ImageToolError(
      'SOURCE_DAMAGED',
      'The disk says it has a GPT, but has no GPT header.',
    );
  if (entries.length === 0) return undefined;
  const primary = entries
    .filter((entry) => !isExtended(entry))
    .map((entry) => mbrPartition(entry, entry.slot + 1));
  const extended = entries.find(isExtended);
  const logical = extended ? await readLogical(read, extended) : [];
  return { label: 'mbr', sectorBytes: SECTOR, partitions: [...primary, ...logical] };
}

/** Follows the chain of extended boot records, forwards only, so that a loop in it ends. */
async function readLogical(read: ReadDisk, extended: MbrEntry): Promise<DiskPartition[]> {
  const found: DiskPartition[] = [];
  let at = extended.startSector;
  while (found.length < MAX_LOGICAL) {
    const record = await read({ offsetBytes: at * SECTOR, sizeBytes: SECTOR });
    const [entry, next] = parseMbrEntries(record);
    if (entry && !isExtended(entry)) found.push(mbrPartition(entry, 5 + found.length, at));
    if (!next || extended.startSector + next.startSector <= at) break;
    at = extended.startSector + next.startSector;
  }
  return found;
}

function refuseOutside(partition: DiskPartition, diskBytes: number): void {
  const { number, offsetBytes, sizeBytes } = partition;
  const end = offsetBytes + sizeBytes;
  if (sizeBytes > 0 && offsetBytes > 0 && end <= diskBytes) return;
  throw new ImageToolError(
    'SOURCE_ABSURD',
    `Partition ${number} lies at bytes ${offsetBytes} to ${end}, but the disk has ${diskBytes}.`,
  );
}
