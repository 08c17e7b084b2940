import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Range } from './ranges.ts';

/** Byte offsets of the header's fields (UEFI 2.10 §5.3.2). */
const FIELD = {
  headerBytes: 12,
  headerCrc: 16,
  ownSector: 24,
  otherSector: 32,
  lastUsable: 48,
  entriesSector: 72,
  entryCount: 80,
  entryBytes: 84,
  entriesCrc: 88,
} as const;

const LINUX_DATA = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';
const MBR_PROTECTIVE = 0xee;

/** A disk in sectors of 512 or 4096 bytes. */
export type DiskSize = { readonly diskSizeBytes: number; readonly blockSizeBytes: number };

type Layout = { readonly header: Buffer; readonly entries: Buffer; readonly entryBytes: number };

/** The table in the first MiB of a disk; `undefined` where none is that its checksums vouch for. */
function layoutOf(head: Buffer, blockSizeBytes: number): Layout | undefined {
  const header = head.subarray(blockSizeBytes, 2 * blockSizeBytes);
  if (header.toString('latin1', 0, 8) !== 'EFI PART') return undefined;
  const headerBytes = header.readUInt32LE(FIELD.headerBytes);
  const entryBytes = header.readUInt32LE(FIELD.entryBytes);
  const start = Number(header.readBigUInt64LE(FIELD.entriesSector)) * blockSizeBytes;
  const length = header.readUInt32LE(FIELD.entryCount) * entryBytes;
  const isReadable = headerBytes >= 92 && headerBytes <= blockSizeBytes && entryBytes >= 128;
  if (!isReadable || start + length > head.length) return undefined;
  const entries = head.subarray(start, start + length);
  const sealed = sealHeader(Buffer.from(header), entries);
  return sealed.equals(header) ? { header, entries, entryBytes } : undefined;
}

/** Whether the first MiB of a disk has a GPT that its own checksums vouch for. */
export function hasSoundGpt(head: Buffer, blockSizeBytes: number): boolean {
  return layoutOf(head, blockSizeBytes) !== undefined;
}

/** The places of the partitions; none when there is no sound GPT. */
export function gptPartitions(head: Buffer, blockSizeBytes: number): readonly Range[] {
  const layout = layoutOf(head, blockSizeBytes);
  if (layout === undefined) return [];
  return entriesOf(layout)
    .filter(isUsed)
    .map((entry) => ({
      start: Number(entry.readBigUInt64LE(32)) * blockSizeBytes,
      end: (Number(entry.readBigUInt64LE(40)) + 1) * blockSizeBytes,
    }));
}

/** Where the backup begins, and the room for partitions ends, once it stands at the disk's end. */
export function gptUsableEnd(head: Buffer, { diskSizeBytes, blockSizeBytes }: DiskSize): number {
  const entryBytes = layoutOf(head, blockSizeBytes)?.entries.length ?? 0;
  const entrySectors = Math.ceil(entryBytes / blockSizeBytes);
  return diskSizeBytes - (entrySectors + 1) * blockSizeBytes;
}

/**
 * Adds a partition named `config-2` to a sound GPT in place.
 * @returns its number; `undefined` when the table has no entry left
 */
export function addToGpt(head: Buffer, place: Range, blockSizeBytes: number): number | undefined {
  const layout = soundLayout(head, blockSizeBytes);
  const entries = entriesOf(layout);
  const index = entries.findIndex((one) => !isUsed(one));
  const entry = entries[index];
  if (entry === undefined) return undefined;
  entry.fill(0);
  guid(LINUX_DATA).copy(entry, 0);
  guid(randomUUID()).copy(entry, 16);
  entry.writeBigUInt64LE(BigInt(place.start / blockSizeBytes), 32);
  entry.writeBigUInt64LE(BigInt(place.end / blockSizeBytes - 1), 40);
  entry.write('config-2', 56, 'utf16le');
  sealHeader(layout.header, layout.entries);
  return index + 1;
}

/** Fits a GPT to its disk: the head is changed in place. @returns what stands at the disk's end */
export function moveGpt(
  head: Buffer,
  disk: DiskSize,
): { readonly backup: Buffer; readonly backupStartBytes: number } {
  const { diskSizeBytes, blockSizeBytes } = disk;
  const { header, entries } = soundLayout(head, blockSizeBytes);
  const backupStartBytes = gptUsableEnd(head, disk);
  const lastSector = diskSizeBytes / blockSizeBytes - 1;
  const backupSector = backupStartBytes / blockSizeBytes;
  header.writeBigUInt64LE(BigInt(lastSector), FIELD.otherSector);
  header.writeBigUInt64LE(BigInt(backupSector - 1), FIELD.lastUsable);
  sealHeader(header, entries);
  stretchProtectiveMbr(head, lastSector);
  const backup = Buffer.alloc(diskSizeBytes - backupStartBytes);
  entries.copy(backup);
  const copy = backup.subarray(backup.length - blockSizeBytes);
  header.copy(copy);
  copy.writeBigUInt64LE(BigInt(lastSector), FIELD.ownSector);
  copy.writeBigUInt64LE(1n, FIELD.otherSector);
  copy.writeBigUInt64LE(BigInt(backupSector), FIELD.entriesSector);
  sealHeader(copy, entries);
  return { backup, backupStartBytes };
}

function soundLayout(head: Buffer, blockSizeBytes: number): Layout {
  const layout = layoutOf(head, blockSizeBytes);
  if (layout === undefined) throw new Error('There is no sound GPT.');
  return layout;
}

function entriesOf({ entries, entryBytes }: Layout): readonly Buffer[] {
  return Array.from({ length: entries.length / entryBytes }, (_, index) =>
    entries.subarray(index * entryBytes, (index + 1) * entryBytes),
  );
}

function isUsed(entry: Buffer): boolean {
  return entry.subarray(0, 16).some((byte) => byte !== 0);
}

/** The first three groups of a GUID are little-endian (UEFI 2.10, Appendix A). */
function guid(text: string): Buffer {
  const [a = '', b = '', c = '', d = '', e = ''] = text.split('-');
  const reversed = [a, b, c].map((group) => Buffer.from(group, 'hex').reverse());
  return Buffer.concat([...reversed, Buffer.from(d + e, 'hex')]);
}

/** Both checksums of a header, the entries' first: the header's covers it. */
function sealHeader(header: Buffer, entries: Buffer): Buffer {
  header.writeUInt32LE(crc32(entries), FIELD.entriesCrc);
  header.writeUInt32LE(0, FIELD.headerCrc);
  const covered = header.subarray(0, header.readUInt32LE(FIELD.headerBytes));
  header.writeUInt32LE(crc32(covered), FIELD.headerCrc);
  return header;
}

/** The one entry that covers the whole disk; a hybrid MBR, which says more, is left as it is. */
function stretchProtectiveMbr(head: Buffer, lastSector: number): void {
  const types = [0, 1, 2, 3].map((index) => head[446 + index * 16 + 4]);
  if (types[0] !== MBR_PROTECTIVE || types.slice(1).some((type) => type !== 0)) return;
  head.writeUInt32LE(Math.min(lastSector, 0xffff_ffff), 446 + 12);
}
