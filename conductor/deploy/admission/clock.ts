/** Time as the rate limit sees it; another one in tests. */
export type Clock = {
  /** Milliseconds from any start, never going back. */
  nowMs(): number;
  /** Calls back once after so many milliseconds. */
  after(delayMs: number, call: () => void): void;
};

/** The machine's own time. Its timers keep no process alive: whoever waits has a socket open. */
export const MONOTONIC_CLOCK: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, call) => void setTimeout(call, delayMs).unref(),
};
