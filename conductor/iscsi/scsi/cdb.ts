/** A run of logical blocks. */
export type BlockRange = { readonly lba: number; readonly blocks: number };

function cdb(opcode: number, lengthBytes: 6 | 10 | 12 | 16): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  bytes.writeUInt8(opcode);
  return bytes;
}

/** READ, WRITE, SYNCHRONIZE CACHE and WRITE SAME (16) share one shape (SBC-4 §5). */
function blockCdb(opcode: number, { lba, blocks }: BlockRange): Buffer {
  const bytes = cdb(opcode, 16);
  bytes.writeBigUInt64BE(BigInt(lba), 2);
  bytes.writeUInt32BE(blocks, 10);
  return bytes;
}

/** TEST UNIT READY (SPC-5 §6.47). */
export function testUnitReady(): Buffer {
  return cdb(0x00, 6);
}

/** INQUIRY for the standard data, or for a vital product data page (SPC-5 §6.6). */
export function inquiry(allocationBytes: number, page?: number): Buffer {
  const bytes = cdb(0x12, 6);
  if (page !== undefined) bytes.set([1, page], 1);
  bytes.writeUInt16BE(allocationBytes, 3);
  return bytes;
}

/** REPORT LUNS (SPC-5 §6.33). */
export function reportLuns(allocationBytes: number): Buffer {
  const bytes = cdb(0xa0, 12);
  bytes.writeUInt32BE(allocationBytes, 6);
  return bytes;
}

/** READ CAPACITY (16), a service action (SBC-4 §5.20). */
export function readCapacity16(allocationBytes: number): Buffer {
  const bytes = cdb(0x9e, 16);
  bytes.writeUInt8(0x10, 1);
  bytes.writeUInt32BE(allocationBytes, 10);
  return bytes;
}

/** READ (16) (SBC-4 §5.18). */
export function read16(range: BlockRange): Buffer {
  return blockCdb(0x88, range);
}

/** WRITE (16) (SBC-4 §5.47). */
export function write16(range: BlockRange): Buffer {
  return blockCdb(0x8a, range);
}

/** SYNCHRONIZE CACHE (16) over the whole disk (SBC-4 §5.39). */
export function synchronizeCache16(): Buffer {
  return blockCdb(0x91, { lba: 0, blocks: 0 });
}

/** WRITE SAME (16); `unmap` lets the disk free the blocks instead (SBC-4 §5.53). */
export function writeSame16(range: BlockRange, unmap: boolean): Buffer {
  const bytes = blockCdb(0x93, range);
  if (unmap) bytes.writeUInt8(0x08, 1);
  return bytes;
}
