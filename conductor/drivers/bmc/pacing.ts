import { setTimeout as delay } from 'node:timers/promises';

/** Runs work on BMCs: one at a time for each, with a pause between. */
export type Pacer = <T>(bmc: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

type Turn = { tail: Promise<unknown>; lastEndMs: number };

/**
 * Makes a pacer. BMCs are slow single-tasking computers: commands that overlap or follow each other
 * closely are answered with "busy" or not at all.
 * @param minIntervalMs from the end of a command to the start of the next one to the same BMC
 */
export function createPacer(minIntervalMs: number): Pacer {
  const turns = new Map<string, Turn>();
  return async (bmc, signal, work) => {
    const turn = turns.get(bmc) ?? { tail: Promise.resolve(), lastEndMs: -Infinity };
    turns.set(bmc, turn);
    const before = turn.tail;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    turn.tail = before.then(() => ended);
    try {
      await settledOrAborted(before, signal);
      await pause(turn.lastEndMs + minIntervalMs - performance.now(), signal);
      return await work().finally(() => (turn.lastEndMs = performance.now()));
    } finally {
      end();
    }
  };
}

async function settledOrAborted(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([before, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function pause(timeMs: number, signal: AbortSignal): Promise<void> {
  if (timeMs > 0) await delay(timeMs, undefined, { signal });
}
