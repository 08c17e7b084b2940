import type { Digests } from '../wire/frame.ts';
import { BHS_BYTES } from '../wire/opcodes.ts';

/** What a target takes, as far as it matters for data on its way there. */
export type Limits = { readonly digests: Digests; readonly maxSendDataSegmentBytes: number };

/**
 * Data of a command in a buffer with room for a header before each segment, so that its PDUs go out
 * as one piece, without a copy and without a buffer for each: with segments of 8 KiB, the default of
 * tgt, copies and small buffers took half of the conductor's time.
 */
export class SpacedData {
  readonly segmentBytes: number;
  readonly #capacity: number;
  readonly #bytes: Buffer;
  readonly #segments: readonly Buffer[];
  #length: number;
  /** Sends that the system has not taken yet, all of the command `#tag`. */
  #unsent = 0;
  #tag: number | undefined;

  /** @param capacityBytes at most so much data @param segmentBytes of MaxRecvDataSegmentLength */
  constructor(capacityBytes: number, segmentBytes: number) {
    const count = Math.ceil(capacityBytes / segmentBytes);
    this.segmentBytes = segmentBytes;
    this.#capacity = capacityBytes;
    this.#length = capacityBytes;
    this.#bytes = Buffer.allocUnsafeSlow(capacityBytes + count * BHS_BYTES);
    this.#segments = Array.from({ length: count }, (_, index) => {
      const start = this.#placeOf(index * segmentBytes);
      return this.#bytes.subarray(start, start + segmentBytes);
    });
  }

  /** Bytes of data. */
  get length(): number {
    return this.#length;
  }

  /** Makes it hold other data of this length. @throws RangeError */
  resize(lengthBytes: number): void {
    if (lengthBytes > this.#capacity) throw new RangeError(`${lengthBytes} > ${this.#capacity}`);
    this.#length = lengthBytes;
  }

  /** The data in order: to be filled, or looked at. */
  parts(offsetBytes = 0, endBytes = this.#length): readonly Buffer[] {
    if (offsetBytes === 0 && endBytes === this.#capacity) return this.#segments;
    const first = Math.floor(offsetBytes / this.segmentBytes);
    return this.#segments
      .slice(first, Math.ceil(endBytes / this.segmentBytes))
      .map((segment, index) => {
        const at = (first + index) * this.segmentBytes;
        return segment.subarray(Math.max(0, offsetBytes - at), endBytes - at);
      });
  }

  /**
   * Lends the bytes of a run with its headers for command `tag`, the headers to be written by the
   * caller; `undefined` where the target wants other segments, or where the system still sends these
   * bytes for another command.
   */
  lend(run: Run, limits: Limits): Lent | undefined {
    if (!this.#fits(run, limits)) return undefined;
    this.#unsent++;
    this.#tag = run.tag;
    const start = this.#placeOf(run.offsetBytes) - BHS_BYTES;
    const end = this.#placeOf(run.offsetBytes + run.lengthBytes - 1) + 1;
    return { bytes: this.#bytes.subarray(start, end), release: () => void this.#unsent-- };
  }

  #fits({ tag, offsetBytes, lengthBytes }: Run, { digests, ...limits }: Limits): boolean {
    return (
      lengthBytes > 0 &&
      limits.maxSendDataSegmentBytes === this.segmentBytes &&
      !digests.header &&
      !digests.data &&
      offsetBytes % this.segmentBytes === 0 &&
      (this.segmentBytes | lengthBytes) % 4 === 0 &&
      (this.#unsent === 0 || this.#tag === tag)
    );
  }

  /** Where a byte of data stands in the buffer. */
  #placeOf(offsetBytes: number): number {
    return offsetBytes + (Math.floor(offsetBytes / this.segmentBytes) + 1) * BHS_BYTES;
  }
}

export type Run = {
  readonly tag: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
};

/** Bytes that must not be used for another command before `release` is called. */
export type Lent = { readonly bytes: Buffer; readonly release: () => void };

/** Lends {@link SpacedData} again and again: new buffers would keep the garbage collector busy. */
export class SpacedPool {
  readonly #capacityBytes: number;
  #free: SpacedData[] = [];

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  /** Room for so much data, in segments as the target takes them now. */
  take(lengthBytes: number, segmentBytes: number): SpacedData {
    const last = this.#free.pop();
    const found =
      last?.segmentBytes === segmentBytes
        ? last
        : new SpacedData(this.#capacityBytes, segmentBytes);
    found.resize(lengthBytes);
    return found;
  }

  give(data: SpacedData): void {
    this.#free.push(data);
  }
}
