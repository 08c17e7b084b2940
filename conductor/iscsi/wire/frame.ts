import { crc32c } from './crc32c.ts';

/** Which CRC32C digests follow headers and data on a connection (RFC 7143 §13.1). */
export type Digests = { readonly header: boolean; readonly data: boolean };

export const NO_DIGESTS: Digests = { header: false, data: false };

const PAD = [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(2), Buffer.alloc(3)] as const;

/** How many zero bytes follow a data segment of this length: to a multiple of four. */
export function padBytes(lengthBytes: number): number {
  return -lengthBytes & 3;
}

/**
 * A PDU as the chunks to be sent: header with DataSegmentLength filled in, header digest, data,
 * padding, data digest. The data is not copied (RFC 7143 §11.1).
 */
export function frame(header: Buffer, data: Uint8Array, digests: Digests): Uint8Array[] {
  header.writeUIntBE(data.length, 5, 3);
  const chunks: Uint8Array[] = [header];
  if (digests.header) chunks.push(digestOf(header));
  if (data.length === 0) return chunks;
  const pad = PAD[padBytes(data.length)] ?? PAD[0];
  chunks.push(data);
  if (pad.length > 0) chunks.push(pad);
  if (digests.data) chunks.push(digestOf(data, pad));
  return chunks;
}

/** The digest field of these bytes: CRC32C, least significant byte first. */
export function digestOf(bytes: Uint8Array, more: Uint8Array = PAD[0]): Buffer {
  const field = Buffer.allocUnsafe(4);
  field.writeUInt32LE(crc32c(more, crc32c(bytes)));
  return field;
}
