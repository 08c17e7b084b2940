import { IronpxeError } from '../../errors/error.ts';

/** What a disk says of itself; texts are trimmed. */
export type DiskIdentity = {
  readonly vendor: string;
  readonly product: string;
  /** Empty when the disk has none. */
  readonly serial: string;
};

/** Standard INQUIRY data (SPC-5 §6.6.2): device type (0 = disk) and qualifier (0 = there). */
export type InquiryData = {
  readonly qualifier: number;
  readonly deviceType: number;
  readonly vendor: string;
  readonly product: string;
};

/** Reads standard INQUIRY data. @throws IronpxeError ISCSI_PROTOCOL_ERROR when too short */
export function parseInquiry(data: Buffer): InquiryData {
  expectBytes('INQUIRY', data, 32);
  return {
    qualifier: data.readUInt8(0) >> 5,
    deviceType: data.readUInt8(0) & 0x1f,
    vendor: ascii(data.subarray(8, 16)),
    product: ascii(data.subarray(16, 32)),
  };
}

/** The page numbers that VPD page 00h lists (SPC-5 §7.7.16). */
export function parseVpdPages(data: Buffer): number[] {
  return [...vpdBody(data)];
}

/** The serial number of VPD page 80h (SPC-5 §7.7.20). */
export function parseSerial(data: Buffer): string {
  return ascii(vpdBody(data));
}

/** Limits of one command in blocks, of VPD page B0h; 0 = the disk names none (SBC-4 §6.6.4). */
export type BlockLimits = { readonly maxTransferBlocks: number; readonly maxSameBlocks: number };

/** Reads VPD page B0h, which is shorter in disks made before SBC-3. */
export function parseBlockLimits(data: Buffer): BlockLimits {
  const maxSame = data.length >= 44 ? Number(data.readBigUInt64BE(36)) : 0;
  return {
    maxTransferBlocks: data.length >= 12 ? data.readUInt32BE(8) : 0,
    maxSameBlocks: Math.min(maxSame, 0xff_ff_ff_ff),
  };
}

/** Size of a disk, and whether unmapped blocks exist and read as zero (SBC-4 §5.20.2). */
export type Capacity = {
  readonly blocks: number;
  readonly blockSizeBytes: number;
  readonly canUnmap: boolean;
  readonly unmappedReadsZero: boolean;
};

/** Reads READ CAPACITY (16) data. @throws IronpxeError ISCSI_PROTOCOL_ERROR for absurd values */
export function parseCapacity(data: Buffer): Capacity {
  expectBytes('READ CAPACITY', data, 12);
  // An empty disk says that its last block is -1.
  const blocks = Number(BigInt.asUintN(64, data.readBigUInt64BE(0) + 1n));
  const blockSizeBytes = data.readUInt32BE(8);
  const isPower = blockSizeBytes >= 512 && (blockSizeBytes & (blockSizeBytes - 1)) === 0;
  if (!isPower || blockSizeBytes > 65_536 || !Number.isSafeInteger(blocks * blockSizeBytes))
    throw new IronpxeError(
      'ISCSI_PROTOCOL_ERROR',
      `The disk says that it has ${blocks} blocks of ${blockSizeBytes} bytes.`,
    );
  const provisioning = data[14] ?? 0;
  return {
    blocks,
    blockSizeBytes,
    canUnmap: (provisioning & 0x80) !== 0,
    unmappedReadsZero: (provisioning & 0x40) !== 0,
  };
}

/** The LUNs of REPORT LUNS data with simple addresses (SPC-5 §6.33). */
export function parseLuns(data: Buffer): number[] {
  const luns: number[] = [];
  const end = data.length < 8 ? 0 : Math.min(data.length, 8 + data.readUInt32BE(0));
  for (let at = 8; at + 8 <= end; at += 8) luns.push(data.readUInt16BE(at) & 0x3f_ff);
  return luns;
}

function vpdBody(data: Buffer): Buffer {
  const lengthBytes = data.length < 4 ? 0 : data.readUInt16BE(2);
  return data.subarray(4, 4 + lengthBytes);
}

function ascii(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '')
    .trim();
}

function expectBytes(what: string, data: Buffer, lengthBytes: number): void {
  if (data.length >= lengthBytes) return;
  throw new IronpxeError(
    'ISCSI_PROTOCOL_ERROR',
    `The disk answered ${what} with ${data.length} bytes, at least ${lengthBytes} are needed.`,
  );
}
