/** Lets callers in, in order, while the sum of what they hold stays within a limit. */
export class ByteGate {
  readonly #limitBytes: number;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #heldBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Runs `work` when there is room for `bytes`. More than the limit counts as the limit. */
  async hold<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const held = Math.min(bytes, this.#limitBytes);
    await this.#enter(held);
    try {
      return await work();
    } finally {
      this.#heldBytes -= held;
      this.#admit();
    }
  }

  async #enter(bytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ bytes, enter: resolve });
    this.#admit();
    await promise;
  }

  #admit(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (!first || this.#heldBytes + first.bytes > this.#limitBytes) return;
      this.#waiting.shift();
      this.#heldBytes += first.bytes;
      first.enter();
    }
  }
}
