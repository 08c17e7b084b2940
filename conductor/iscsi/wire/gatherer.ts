const NOTHING = Buffer.alloc(0);

/** Hands out runs of bytes from a stream that comes in chunks; copies only what spans chunks. */
export class ByteGatherer {
  #chunk: Buffer = NOTHING;
  #partial: Buffer | undefined;
  #filledBytes = 0;

  /** Gives the next chunk, once `take` returned `undefined` (which uses up the one before). */
  feed(chunk: Buffer): void {
    this.#chunk = chunk;
  }

  /**
   * The next `lengthBytes` bytes, or `undefined` until enough were fed; then ask again for the
   * same length. The result may share memory with the chunk fed last.
   */
  take(lengthBytes: number): Buffer | undefined {
    if (!this.#partial && this.#chunk.length >= lengthBytes) return this.#cut(lengthBytes);
    this.#partial ??= Buffer.allocUnsafe(lengthBytes);
    const piece = this.#cut(Math.min(lengthBytes - this.#filledBytes, this.#chunk.length));
    piece.copy(this.#partial, this.#filledBytes);
    this.#filledBytes += piece.length;
    if (this.#filledBytes < lengthBytes) return undefined;
    const whole = this.#partial;
    this.#partial = undefined;
    this.#filledBytes = 0;
    return whole;
  }

  #cut(lengthBytes: number): Buffer {
    const piece = this.#chunk.subarray(0, lengthBytes);
    this.#chunk = this.#chunk.subarray(lengthBytes);
    return piece;
  }
}
