import { EventEmitter, once } from 'node:events';

/** Tells waiting steps that something happened to their node. */
export type WakeUps = {
  wake(nodeUuid: string): void;
  /** How many wake-ups the node has had. */
  count(nodeUuid: string): number;
  /**
   * Settles once the node has had more than `seen` wake-ups, or after `timeoutMs`; rejects when
   * `signal` aborts.
   */
  next(nodeUuid: string, seen: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
};

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Wake-ups within this process; what happened is always read from the store. */
export function createWakeUps(): WakeUps {
  const counts = new Map<string, number>();
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  const count = (nodeUuid: string) => counts.get(nodeUuid) ?? 0;
  return {
    count,
    wake(nodeUuid) {
      counts.set(nodeUuid, count(nodeUuid) + 1);
      emitter.emit(nodeUuid);
    },
    async next(nodeUuid, seen, timeoutMs, signal) {
      signal.throwIfAborted();
      if (count(nodeUuid) > seen) return;
      const timeout = AbortSignal.timeout(Math.max(0, Math.min(timeoutMs, LONGEST_TIMER_MS)));
      try {
        await once(emitter, nodeUuid, { signal: AbortSignal.any([signal, timeout]) });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!timeout.aborted) throw error;
      }
    },
  };
}
