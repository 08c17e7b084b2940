/**
 * A token bucket that may go into debt: whoever finds it not empty takes all that he needs, and the
 * next one waits until that is paid back. So a piece larger than the bucket passes, too, and the
 * rate holds over any time longer than the bucket is deep.
 */
export class TokenBucket {
  readonly #bytesPerMs: number;
  readonly #depthBytes: number;
  #tokens: number;
  #atMs: number;

  /** @param depthBytes what may pass at once after a pause */
  constructor(bytesPerSecond: number, depthBytes: number, nowMs: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#depthBytes = depthBytes;
    this.#tokens = depthBytes;
    this.#atMs = nowMs;
  }

  /** How long nothing may be taken yet; 0: now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens > 0 ? 0 : Math.max(1, Math.ceil(-this.#tokens / this.#bytesPerMs));
  }

  /** Takes `bytes`, also more than there are. */
  take(bytes: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= bytes;
  }

  #fill(nowMs: number): void {
    const filled = this.#tokens + (nowMs - this.#atMs) * this.#bytesPerMs;
    this.#tokens = Math.min(this.#depthBytes, filled);
    this.#atMs = nowMs;
  }
}
