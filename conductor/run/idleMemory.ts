import { MIB } from '../values/units.ts';

const LOOK_EVERY_MS = 500;
/** Part of the time that the event loop works, below which the conductor has nothing to do. */
const IDLE = 0.05;
const GROWN_BYTES = 16 * MIB;

/**
 * Gives memory back once the conductor has nothing to do: V8 collects only when its heap is about to
 * grow, and keeps the pages of what it freed, so that one busy second would be held for ever. It
 * takes 50 to 100 ms, and is done only where memory has grown since. Needs Node's `--expose-gc`
 * (bin/ironpxe); without it, nothing is done.
 */
export function startIdleMemory(): Disposable {
  // What a start leaves is given back at the first look.
  let keptBytes = 0;
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const heldBytes = process.memoryUsage.rss();
    keptBytes = Math.min(keptBytes, heldBytes);
    if (utilization > IDLE || heldBytes < keptBytes + GROWN_BYTES) return;
    // Only as the last resort are free pages unmapped.
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    keptBytes = process.memoryUsage.rss();
  }, LOOK_EVERY_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
