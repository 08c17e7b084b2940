import type { DiskSize } from './gpt.ts';
import type { Range } from './ranges.ts';

const FIRST_ENTRY = 446;
const ENTRY_BYTES = 16;
const ENTRIES = 4;
const MAX_SECTORS = 2 ** 32 - 1;
const LINUX = 0x83;

/** Marks a place that only counting by sectors can name (cylinder 1023, head 254, sector 63). */
const BEYOND_CHS = Buffer.from([0xfe, 0xff, 0xff]);

function entriesOf(head: Buffer): readonly Buffer[] {
  return Array.from({ length: ENTRIES }, (_, index) =>
    head.subarray(FIRST_ENTRY + index * ENTRY_BYTES, FIRST_ENTRY + (index + 1) * ENTRY_BYTES),
  );
}

function sectorsOf(entry: Buffer): Range {
  const start = entry.readUInt32LE(8);
  return { start, end: start + entry.readUInt32LE(12) };
}

function isUsed(entry: Buffer): boolean {
  return entry[4] !== 0 && entry.readUInt32LE(12) > 0;
}

/** The places of the primary partitions (an extended one as a whole) in an MBR at a disk's start. */
export function mbrPartitions(head: Buffer, blockSizeBytes: number): readonly Range[] {
  if (head.readUInt16LE(510) !== 0xaa55) return [];
  return entriesOf(head)
    .filter(isUsed)
    .map(sectorsOf)
    .map(({ start, end }) => ({ start: start * blockSizeBytes, end: end * blockSizeBytes }));
}

/** The end of what an MBR can name on a disk, in bytes. */
export function mbrUsableEnd({ diskSizeBytes, blockSizeBytes }: DiskSize): number {
  return Math.min(diskSizeBytes, MAX_SECTORS * blockSizeBytes);
}

/** Adds a Linux partition to an MBR in place. @returns its number; `undefined` without a free entry */
export function addToMbr(head: Buffer, place: Range, blockSizeBytes: number): number | undefined {
  const index = entriesOf(head).findIndex((entry) => !isUsed(entry));
  const entry = entriesOf(head)[index];
  if (entry === undefined) return undefined;
  entry.fill(0);
  BEYOND_CHS.copy(entry, 1);
  entry[4] = LINUX;
  BEYOND_CHS.copy(entry, 5);
  entry.writeUInt32LE(place.start / blockSizeBytes, 8);
  entry.writeUInt32LE((place.end - place.start) / blockSizeBytes, 12);
  return index + 1;
}

/** Where the identifier of an MBR stands. */
export const IDENTIFIER_AT = 440;

/** The four bytes by which boot loaders know an MBR, as `0x%08x`. */
export function mbrIdentifier(head: Buffer): string {
  return `0x${head.readUInt32LE(IDENTIFIER_AT).toString(16).padStart(8, '0')}`;
}
