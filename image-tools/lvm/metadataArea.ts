import { SECTOR } from '../values/bytes.ts';
import type { ByteRange } from '../values/bytes.ts';
import { damagedLvm } from './damaged.ts';

const MAGIC = ' LVM2 x[5A%r0N*>';
const LOCATIONS_OFFSET = 40;
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

/**
 * The current text in a metadata area of a physical volume; undefined when it belongs to no volume
 * group. `area` are all bytes of the area (it is a ring; its first sector is the header).
 * @throws ImageToolError SOURCE_DAMAGED
 */
export function currentMetadata(area: Buffer, place: ByteRange): string | undefined {
  if (area.length < SECTOR || area.toString('latin1', 4, 20) !== MAGIC)
    throw damagedLvm('its metadata area does not start as one');
  if (lvmCrc(area.subarray(4, SECTOR)) !== area.readUInt32LE(0))
    throw damagedLvm('the checksum of its metadata header is wrong');
  const offset = Number(area.readBigUInt64LE(LOCATIONS_OFFSET));
  const size = Number(area.readBigUInt64LE(LOCATIONS_OFFSET + 8));
  if (offset === 0 || size === 0) return undefined;
  if (offset < SECTOR || offset >= place.sizeBytes || size > MAX_TEXT_BYTES)
    throw damagedLvm(`its metadata lies at ${offset}, ${size} bytes long`);
  const text = ringSlice(area.subarray(0, place.sizeBytes), offset, size);
  if (lvmCrc(text) !== area.readUInt32LE(LOCATIONS_OFFSET + 16))
    throw damagedLvm('the checksum of its metadata is wrong');
  return text.toString('utf8').replace(/\0.*$/s, '');
}

function ringSlice(area: Buffer, offset: number, size: number): Buffer {
  const first = area.subarray(offset, Math.min(offset + size, area.length));
  if (first.length === size) return first;
  return Buffer.concat([first, area.subarray(SECTOR, SECTOR + size - first.length)]);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** LVM2's checksum: the usual CRC-32 polynomial with a start value of its own and no final inversion. */
export function lvmCrc(bytes: Buffer): number {
  let crc = 0xf597a6cf;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc >>> 0;
}
