import type { SessionParameters } from '../login/keys.ts';
import { digestOf, frame, padBytes } from '../wire/frame.ts';
import { BHS_BYTES } from '../wire/opcodes.ts';
import { dataOutHeader } from '../wire/requests.ts';
import type { BufferPool } from './bufferPool.ts';

/** A run of a command's data, asked for by one R2T or sent unasked. */
export type Burst = {
  readonly tag: number;
  readonly targetTag: number;
  readonly lun: Buffer;
  readonly expStatSn: number;
  readonly offsetBytes: number;
  readonly data: Uint8Array;
};

type Limits = Pick<SessionParameters, 'digests' | 'maxSendDataSegmentBytes'>;

/**
 * Below this segment size one copy of the burst is cheaper than many small buffers: with 8 KiB,
 * the default of tgt, this took half of the conductor's time.
 */
const PACK_BELOW_BYTES = 32 * 1024;

/** Chunks to send, and what to do when they are sent. */
export type EncodedBurst = {
  readonly chunks: readonly Uint8Array[];
  readonly release: () => void;
};

/** The Data-Out PDUs of a burst, cut to what the target takes (RFC 7143 §11.7). */
export function encodeBurst(burst: Burst, limits: Limits, pool: BufferPool): EncodedBurst {
  if (burst.data.length === 0) return { chunks: [], release: () => {} };
  if (limits.maxSendDataSegmentBytes >= PACK_BELOW_BYTES)
    return { chunks: frameBurst(burst, limits), release: () => {} };
  const buffer = pool.take(packedBytes(burst, limits));
  const chunks = [buffer.subarray(0, packBurst(burst, limits, buffer))];
  return { chunks, release: () => pool.give(buffer) };
}

/** Room enough for {@link packBurst}. */
function packedBytes({ data }: Burst, { maxSendDataSegmentBytes }: Limits): number {
  const overheadBytes = BHS_BYTES + 4 + 3 + 4;
  return data.length + Math.ceil(data.length / maxSendDataSegmentBytes) * overheadBytes;
}

/** Without copying the data. */
function frameBurst(burst: Burst, { digests, maxSendDataSegmentBytes }: Limits): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (const { dataSn, at, end, final } of segments(burst, maxSendDataSegmentBytes)) {
    const header = dataOutHeader({ ...burst, dataSn, offsetBytes: burst.offsetBytes + at, final });
    chunks.push(...frame(header, burst.data.subarray(at, end), digests));
  }
  return chunks;
}

/** All into one buffer; returns how long it got. Few fields differ from one header to the next. */
function packBurst(
  burst: Burst,
  { digests, maxSendDataSegmentBytes }: Limits,
  packed: Buffer,
): number {
  const template = dataOutHeader({ ...burst, dataSn: 0, final: false });
  const source = Buffer.from(burst.data.buffer, burst.data.byteOffset, burst.data.length);
  let to = 0;
  for (const { dataSn, at, end, final } of segments(burst, maxSendDataSegmentBytes)) {
    template.copy(packed, to);
    if (final) packed.writeUInt8(0x80, to + 1);
    packed.writeUIntBE(end - at, to + 5, 3);
    packed.writeUInt32BE(dataSn, to + 36);
    packed.writeUInt32BE(burst.offsetBytes + at, to + 40);
    const headerAt = to;
    to += BHS_BYTES;
    if (digests.header) to += digestOf(packed.subarray(headerAt, to)).copy(packed, to);
    const dataAt = to;
    to += source.copy(packed, to, at, end);
    for (let pad = padBytes(end - at); pad > 0; pad--) packed.writeUInt8(0, to++);
    if (digests.data) to += digestOf(packed.subarray(dataAt, to)).copy(packed, to);
  }
  return to;
}

type Segment = {
  readonly dataSn: number;
  readonly at: number;
  readonly end: number;
  readonly final: boolean;
};

function* segments({ data }: Burst, segmentBytes: number): Generator<Segment> {
  for (let at = 0, dataSn = 0; at < data.length; at += segmentBytes, dataSn++) {
    const end = Math.min(at + segmentBytes, data.length);
    yield { dataSn, at, end, final: end === data.length };
  }
}
