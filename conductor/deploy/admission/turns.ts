/** A place among those that may work now; disposing it lets the next one in. */
export type Turn = Disposable;

/** Lets so many in at a time, in the order in which they came. */
export class Turns {
  readonly #limit: number;
  readonly #waiting = new Set<(turn: Turn) => void>();
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many work now. */
  get taken(): number {
    return this.#taken;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** A turn if one is free and nobody waits for it. */
  tryTake(): Turn | undefined {
    return this.#taken < this.#limit ? this.#give() : undefined;
  }

  /** Waits for a turn. @throws the reason of `signal` */
  async take(signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted();
    const free = this.tryTake();
    if (free) return free;
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    const leave = () => {
      this.#waiting.delete(resolve);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.add(resolve);
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #give(): Turn {
    this.#taken += 1;
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        this.#taken -= 1;
        this.#admit();
      },
    };
  }

  /** A turn is free only while nobody waits, for whoever ends one hands it on at once. */
  #admit(): void {
    for (const enter of this.#waiting) {
      this.#waiting.delete(enter);
      return enter(this.#give());
    }
  }
}
