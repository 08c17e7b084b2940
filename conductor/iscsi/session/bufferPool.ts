const KEPT = 8;

/**
 * Lends buffers again and again. A new buffer for each burst would keep the garbage collector busy
 * for longer than the transfer takes.
 */
export class BufferPool {
  readonly #free: Buffer[] = [];

  /** A buffer of at least this length, with any content. */
  take(lengthBytes: number): Buffer {
    const at = this.#free.findIndex((buffer) => buffer.length >= lengthBytes);
    const [found] = at < 0 ? [] : this.#free.splice(at, 1);
    return found ?? Buffer.allocUnsafeSlow(lengthBytes);
  }

  /** Takes a buffer back that nobody looks at any more. */
  give(buffer: Buffer): void {
    if (this.#free.length < KEPT) this.#free.push(buffer);
  }
}
