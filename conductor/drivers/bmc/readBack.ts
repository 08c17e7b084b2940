import { setTimeout as delay } from 'node:timers/promises';
import { IronpxeError } from '../../errors/error.ts';
import type { PowerState } from '../types.ts';

/** How a power state is waited for. */
export type ReadBack = {
  /** The machine, for messages. */
  readonly subject: string;
  readonly read: () => Promise<PowerState>;
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  /** Unit of the growing pauses between looks; 1,000 by default. */
  readonly pauseMs?: number;
};

/** Pauses between looks, in units: squares, as Ironic waits, up to nine. */
const PAUSES = [1, 1, 4, 9];

/**
 * Looks until the machine has the wished power state.
 * @throws IronpxeError DRIVER_POWER_NOT_REACHED, and what `read` throws
 */
export async function waitForPower(wished: PowerState, readBack: ReadBack): Promise<void> {
  const { read, signal, deadlineMs, pauseMs = 1000 } = readBack;
  const endMs = performance.now() + deadlineMs;
  for (let look = 0; ; look += 1) {
    const found = await read();
    if (found === wished) return;
    const leftMs = endMs - performance.now();
    if (leftMs <= 0) throw notReached(readBack, found, wished);
    const wait = (PAUSES[look] ?? 9) * pauseMs;
    await delay(Math.min(wait, leftMs), undefined, { signal });
  }
}

function notReached(readBack: ReadBack, found: PowerState, wished: PowerState): IronpxeError {
  const { subject, deadlineMs } = readBack;
  const message = `${subject} is in "${found}" after ${deadlineMs} ms, expected "${wished}".`;
  return new IronpxeError('DRIVER_POWER_NOT_REACHED', message);
}
