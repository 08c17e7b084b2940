import { SECTOR } from '../values/bytes.ts';
import type { DiskPartition } from './types.ts';

/** One of the four entries of a boot record, in sectors. */
export type MbrEntry = {
  readonly slot: number;
  readonly type: number;
  readonly startSector: number;
  readonly sectors: number;
};

const ENTRIES_OFFSET = 446;
const ENTRY_BYTES = 16;
export const PROTECTIVE_TYPE = 0xee;
const EXTENDED_TYPES = [0x05, 0x0f, 0x85];

/** Whether a sector ends with the boot record's signature. */
export function hasBootSignature(sector: Buffer): boolean {
  return sector.length >= SECTOR && sector.readUInt16LE(510) === 0xaa55;
}

/** The used entries of a boot record (main or extended). */
export function parseMbrEntries(sector: Buffer): MbrEntry[] {
  if (!hasBootSignature(sector)) return [];
  return [0, 1, 2, 3]
    .map((slot) => {
      const at = ENTRIES_OFFSET + slot * ENTRY_BYTES;
      return {
        slot,
        type: sector.readUInt8(at + 4),
        startSector: sector.readUInt32LE(at + 8),
        sectors: sector.readUInt32LE(at + 12),
      };
    })
    .filter(({ type, sectors }) => type !== 0 && sectors > 0);
}

export function isExtended(entry: MbrEntry): boolean {
  return EXTENDED_TYPES.includes(entry.type);
}

/** An entry whose start counts from `baseSector`, as a partition. */
export function mbrPartition(entry: MbrEntry, number: number, baseSector = 0): DiskPartition {
  return {
    number,
    offsetBytes: (baseSector + entry.startSector) * SECTOR,
    sizeBytes: entry.sectors * SECTOR,
    type: entry.type.toString(16).padStart(2, '0'),
  };
}
