import { frame } from '../wire/frame.ts';
import { BHS_BYTES } from '../wire/opcodes.ts';
import { dataOutHeader } from '../wire/requests.ts';
import { type Limits, SpacedData } from './spacedData.ts';

/** What a command sends. */
export type DataOut = Uint8Array | SpacedData;

/** A run of a command's data, asked for by one R2T or sent unasked. */
export type Burst = {
  readonly tag: number;
  readonly targetTag: number;
  readonly lun: Buffer;
  readonly expStatSn: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
};

/** Chunks to send, and what to do when they are sent. */
export type Encoded = {
  readonly chunks: readonly Uint8Array[];
  readonly release?: () => void;
};

/** A command with its immediate data (RFC 7143 §11.3). */
export function encodeCommand(
  header: Buffer,
  tag: number,
  data: DataOut,
  immediateBytes: number,
  limits: Limits,
): Encoded {
  const run = { tag, offsetBytes: 0, lengthBytes: immediateBytes };
  const lent = data instanceof SpacedData ? data.lend(run, limits) : undefined;
  if (lent === undefined)
    return { chunks: frame(header, plain(data, 0, immediateBytes), limits.digests) };
  header.copy(lent.bytes);
  lent.bytes.writeUIntBE(immediateBytes, 5, 3);
  return { chunks: [lent.bytes], release: lent.release };
}

/** The Data-Out PDUs of a burst, cut to what the target takes (RFC 7143 §11.7). */
export function encodeBurst(burst: Burst, data: DataOut, limits: Limits): Encoded {
  if (burst.lengthBytes === 0) return { chunks: [] };
  const lent = data instanceof SpacedData ? data.lend(burst, limits) : undefined;
  if (lent === undefined) return { chunks: frameBurst(burst, data, limits) };
  writeHeaders(burst, limits.maxSendDataSegmentBytes, lent.bytes);
  return { chunks: [lent.bytes], release: lent.release };
}

/** A header before each segment. Few fields differ from one to the next. */
function writeHeaders(burst: Burst, segmentBytes: number, bytes: Buffer): void {
  const { offsetBytes, lengthBytes } = burst;
  const template = dataOutHeader({ ...burst, dataSn: 0, final: false });
  let to = 0;
  for (let at = 0, dataSn = 0; at < lengthBytes; at += segmentBytes, dataSn++) {
    const left = lengthBytes - at;
    template.copy(bytes, to);
    if (left <= segmentBytes) bytes.writeUInt8(0x80, to + 1);
    bytes.writeUIntBE(Math.min(left, segmentBytes), to + 5, 3);
    bytes.writeUInt32BE(dataSn, to + 36);
    bytes.writeUInt32BE(offsetBytes + at, to + 40);
    to += BHS_BYTES + segmentBytes;
  }
}

function frameBurst(burst: Burst, data: DataOut, limits: Limits): Uint8Array[] {
  const { offsetBytes, lengthBytes } = burst;
  const bytes = plain(data, offsetBytes, offsetBytes + lengthBytes);
  const step = limits.maxSendDataSegmentBytes;
  const chunks: Uint8Array[] = [];
  for (let at = 0, dataSn = 0; at < lengthBytes; at += step, dataSn++) {
    const final = at + step >= lengthBytes;
    const header = dataOutHeader({ ...burst, dataSn, offsetBytes: offsetBytes + at, final });
    chunks.push(...frame(header, bytes.subarray(at, at + step), limits.digests));
  }
  return chunks;
}

function plain(data: DataOut, offsetBytes: number, endBytes: number): Uint8Array {
  return data instanceof SpacedData
    ? Buffer.concat(data.parts(offsetBytes, endBytes))
    : data.subarray(offsetBytes, endBytes);
}
