import type { Logger } from 'pino';

/** Work that goes on after the request that began it was answered. */
export type Background = {
  /** Begins `work`; what it throws is logged as `lost`. */
  readonly begin: (work: () => Promise<void>, lost: string) => void;
  /** Settles when nothing of it is under way. */
  readonly settled: () => Promise<void>;
};

export function createBackground(logger: Logger): Background {
  const running = new Set<Promise<void>>();
  return {
    begin(work, lost) {
      const begun = work()
        .catch((error: unknown) => logger.error({ err: error }, lost))
        .finally(() => running.delete(begun));
      running.add(begun);
    },
    settled: async () => void (await Promise.allSettled(running)),
  };
}
