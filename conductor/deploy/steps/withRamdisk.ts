import { holdOn } from '../ramdisk/holdOn.ts';
import { ramdiskOf } from '../ramdisk/link.ts';
import type { RamdiskCommands } from '../ramdisk/types.ts';
import type { StepContext } from './types.ts';
import { whileWaiting } from './whileWaiting.ts';

/**
 * Has the ramdisk work in the wait state of the verb, where users may abort it; again from the
 * start when the machine lost it in the meantime.
 * @throws IronpxeError RAMDISK_*
 */
export function withRamdisk<T>(
  context: StepContext,
  work: (ramdisk: RamdiskCommands, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return holdOn(context, async (signal) => {
    const ramdisk = await ramdiskOf(context);
    return whileWaiting(context, () => work(ramdisk, signal));
  });
}
