/**
 * Keeps count of what is surely on stable storage. A target that acknowledged a write may hold it
 * in memory only, so when its session is lost, all that was written since the last flush may be
 * lost too (SBC-4 §4.15).
 */
export class Durability {
  #open = 0;
  #settled = 0;
  #flushed = 0;
  #losses = 0;
  #reported = 0;

  /** Writes may be gone, and no flush has told so yet. */
  get isLost(): boolean {
    return this.#losses > this.#reported;
  }

  /** Runs something that changes the disk. */
  async write<T>(work: () => Promise<T>): Promise<T> {
    this.#open++;
    try {
      return await work();
    } finally {
      this.#open--;
      this.#settled++;
    }
  }

  /** The session was lost, or the disk was reset. */
  lost(): void {
    // An open write counts: its good answer may have come and not been told on yet.
    if (this.#open > 0 || this.#settled > this.#flushed) this.#losses++;
  }

  /**
   * Starts a flush. Call the result when the disk answered it: it returns whether everything
   * settled before the start is safe. If not, the writer goes back to its last good flush, so what
   * it wrote since then no longer counts.
   */
  startFlush(): () => boolean {
    const settled = this.#settled;
    const losses = this.#reported;
    return () => {
      this.#flushed = Math.max(this.#flushed, settled);
      const isSafe = this.#losses === losses;
      this.#reported = this.#losses;
      return isSafe;
    };
  }
}
