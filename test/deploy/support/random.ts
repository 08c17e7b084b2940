/** A seeded source of numbers: the same seed gives the same run (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 up to but not including `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % end;
  }

  /** `length` bytes, none of them zero. */
  bytes(length: number): Buffer {
    const pattern = Buffer.from(Array.from({ length: 997 }, () => 1 + this.below(255)));
    return Buffer.alloc(length, pattern);
  }
}
