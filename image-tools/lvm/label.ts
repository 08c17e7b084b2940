import { SECTOR } from '../values/bytes.ts';
import type { ByteRange } from '../values/bytes.ts';
import { damagedLvm } from './damaged.ts';

/** What the label sector of a physical volume says (LVM2 lib/format_text/layout.h). */
export type PvHeader = {
  /** 32 characters, without dashes. */
  readonly uuid: string;
  readonly dataAreas: readonly ByteRange[];
  readonly metadataAreas: readonly ByteRange[];
};

const LABEL_SECTORS = 4;
const MAX_AREAS = 8;

/** The first four sectors of a physical volume, parsed; undefined when it is none. */
export function parsePvHeader(head: Buffer): PvHeader | undefined {
  for (let sector = 0; sector < LABEL_SECTORS; sector += 1) {
    const label = head.subarray(sector * SECTOR, (sector + 1) * SECTOR);
    if (label.length < SECTOR) return undefined;
    if (label.toString('latin1', 0, 8) === 'LABELONE') return parseLabel(label);
  }
  return undefined;
}

function parseLabel(label: Buffer): PvHeader {
  const start = label.readUInt32LE(20);
  if (label.toString('latin1', 24, 32) !== 'LVM2 001') throw damagedLvm('it is not of type LVM2');
  if (start < 32 || start + 40 > SECTOR) throw damagedLvm('its label points outside the sector');
  const uuid = label.toString('latin1', start, start + 32);
  const data = readAreas(label, start + 40);
  const metadata = readAreas(label, data.next);
  return { uuid, dataAreas: data.areas, metadataAreas: metadata.areas };
}

/** A list of (offset, size) pairs that an empty pair ends. */
function readAreas(label: Buffer, at: number): { areas: ByteRange[]; next: number } {
  const areas: ByteRange[] = [];
  let next = at;
  while (areas.length < MAX_AREAS && next + 16 <= label.length) {
    const offsetBytes = Number(label.readBigUInt64LE(next));
    const sizeBytes = Number(label.readBigUInt64LE(next + 8));
    next += 16;
    if (offsetBytes === 0) return { areas, next };
    areas.push({ offsetBytes, sizeBytes });
  }
  throw damagedLvm('a list of areas in its label has no end');
}
