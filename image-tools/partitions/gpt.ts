import { crc32 } from 'node:zlib';
import { ImageToolError } from '../errors/error.ts';
import type { ByteRange } from '../values/bytes.ts';
import type { DiskPartition } from './types.ts';

/** What is read of a GPT header (UEFI specification 2.10, section 5.3.2). */
export type GptHeader = {
  readonly entriesOffsetBytes: number;
  readonly entryCount: number;
  readonly entryBytes: number;
  readonly entriesCrc: number;
};

const SIGNATURE = 'EFI PART';
const MAX_ENTRIES = 1024;

export function isGptHeader(sector: Buffer): boolean {
  return sector.length >= 92 && sector.toString('latin1', 0, 8) === SIGNATURE;
}

/** Parses the header sector of a disk with sectors of `sectorBytes`. @throws ImageToolError SOURCE_DAMAGED, SOURCE_ABSURD */
export function parseGptHeader(sector: Buffer, sectorBytes: number): GptHeader {
  const headerBytes = sector.readUInt32LE(12);
  if (headerBytes < 92 || headerBytes > sector.length)
    throw new ImageToolError(
      'SOURCE_ABSURD',
      `The GPT header claims a size of ${headerBytes} bytes.`,
    );
  const checked = Buffer.from(sector.subarray(0, headerBytes));
  checked.writeUInt32LE(0, 16);
  if (crc32(checked) !== sector.readUInt32LE(16))
    throw new ImageToolError('SOURCE_DAMAGED', 'The checksum of the GPT header is wrong.');
  const entryCount = sector.readUInt32LE(80);
  const entryBytes = sector.readUInt32LE(84);
  if (entryCount > MAX_ENTRIES || entryBytes < 128 || entryBytes > 4096)
    throw new ImageToolError(
      'SOURCE_ABSURD',
      `The GPT claims ${entryCount} entries of ${entryBytes} bytes.`,
    );
  return {
    entriesOffsetBytes: Number(sector.readBigUInt64LE(72)) * sectorBytes,
    entryCount,
    entryBytes,
    entriesCrc: sector.readUInt32LE(88),
  };
}

export function entriesRange(header: GptHeader): ByteRange {
  return {
    offsetBytes: header.entriesOffsetBytes,
    sizeBytes: header.entryCount * header.entryBytes,
  };
}

/** Parses the array of entries. @throws ImageToolError SOURCE_DAMAGED */
export function parseGptEntries(
  bytes: Buffer,
  header: GptHeader,
  sectorBytes: number,
): DiskPartition[] {
  if (bytes.length < header.entryCount * header.entryBytes || crc32(bytes) !== header.entriesCrc)
    throw new ImageToolError('SOURCE_DAMAGED', 'The checksum of the GPT entries is wrong.');
  const found: DiskPartition[] = [];
  for (let index = 0; index < header.entryCount; index += 1) {
    const entry = bytes.subarray(index * header.entryBytes, (index + 1) * header.entryBytes);
    const type = guid(entry);
    if (type === guid(Buffer.alloc(16))) continue;
    const first = Number(entry.readBigUInt64LE(32));
    const last = Number(entry.readBigUInt64LE(40));
    found.push({
      number: index + 1,
      offsetBytes: first * sectorBytes,
      sizeBytes: (last - first + 1) * sectorBytes,
      type,
      uuid: guid(entry.subarray(16)),
      name: entry.toString('utf16le', 56, 128).replace(/\0.*$/s, ''),
    });
  }
  return found;
}

/** The mixed-endian text form of a GUID. */
function guid(bytes: Buffer): string {
  const swapped = Buffer.from(bytes.subarray(0, 16));
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  const hex = swapped.toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
