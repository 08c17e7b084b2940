const POLYNOMIAL = 0x82_f6_3b_78;
const LANES = 8;

/** One table of 256 entries per lane, one after the other: "slicing by eight". */
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(LANES * 256);
  for (let byte = 0; byte < 256; byte++) tables[byte] = shiftByte(byte);
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (before >>> 8) ^ (tables[before & 255] ?? 0);
  }
  return tables;
}

function shiftByte(value: number): number {
  let crc = value;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc >>> 0;
}

/**
 * CRC32C of `bytes` as an unsigned number (RFC 7143 §13.1; on the wire it goes little-endian).
 * `previous` is the CRC of the bytes before, to go on with.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  const t = TABLES;
  const fullLanes = bytes.length - (bytes.length % LANES);
  let crc = ~previous;
  let at = 0;
  for (; at < fullLanes; at += LANES) {
    const low = crc ^ word(bytes, at);
    crc =
      (t[1792 + (low & 255)] as number) ^
      (t[1536 + ((low >>> 8) & 255)] as number) ^
      (t[1280 + ((low >>> 16) & 255)] as number) ^
      (t[1024 + (low >>> 24)] as number) ^
      (t[768 + (bytes[at + 4] as number)] as number) ^
      (t[512 + (bytes[at + 5] as number)] as number) ^
      (t[256 + (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++)
    crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 255] as number);
  return ~crc >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
