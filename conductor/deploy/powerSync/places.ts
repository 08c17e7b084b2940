/** A limited number of places; one that is held for long is given to the next all the same. */
export type Places = {
  /** Waits for a place, then runs `work`; resolves once the place is free again. */
  run(work: () => Promise<void>, signal: AbortSignal): Promise<void>;
};

/**
 * Makes `count` places. Work that takes longer than `slowAfterMs` goes on without its place: a BMC
 * that hangs until its time-out does not keep the others waiting.
 */
export function createPlaces(count: number, slowAfterMs: number): Places {
  let free = count;
  const waiting: (() => void)[] = [];
  const give = () => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  const take = async (): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return {
    async run(work, signal) {
      await take();
      const { promise: slow, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, slowAfterMs);
      try {
        if (!signal.aborted) await Promise.race([work(), slow]);
      } finally {
        clearTimeout(timer);
        give();
      }
    },
  };
}
