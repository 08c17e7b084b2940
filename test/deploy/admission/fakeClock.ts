import type { Clock } from '../../../conductor/deploy/admission/clock.ts';

/** Time that goes on only when it is told to. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly call: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, call: () => void): void {
    this.#timers.push({ atMs: this.#nowMs + delayMs, call });
  }

  /** Goes on by so much, timer by timer, and lets all that they wake run in between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs);
      if (!next || next.atMs > endMs) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = next.atMs;
      next.call();
    }
    this.#nowMs = endMs;
  }
}
