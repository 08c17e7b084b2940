/** Runs work a few at a time; what would have to wait too long a line is turned away. */
export class Limiter {
  readonly #most: number;
  readonly #mostWaiting: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: { readonly running: number; readonly waiting: number }) {
    this.#most = limits.running;
    this.#mostWaiting = limits.waiting;
  }

  /** Whether one more would be turned away. */
  get isFull(): boolean {
    return this.#running >= this.#most && this.#waiting.length >= this.#mostWaiting;
  }

  /** Runs `work` in its turn; ask {@link isFull} first. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) {
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn.resolve);
      await turn.promise;
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // A turn that is handed on stays counted.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
