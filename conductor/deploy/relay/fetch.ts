import { randomBytes } from 'node:crypto';
import { hasCode } from '../../errors/error.ts';
import { MIB } from '../../values/units.ts';
import { lengthOf } from '../plan/content.ts';
import type { Range } from '../plan/ranges.ts';
import type { RamdiskCommands } from '../ramdisk/types.ts';
import type { Place } from './desk.ts';

/** What one command fetches: what may be fetched again after a restart of the conductor. */
const BATCH_BYTES = 256 * MIB;
/** And so many ranges, whose lines are less than the million bytes of a command. */
const BATCH_RANGES = 10_000;

/** What came of one batch. An error means that the other machine does not go on feeding. */
export type Fetched = { readonly done: readonly Range[]; readonly error?: unknown };

/**
 * Has `receiver` fetch ranges from the machine at `place`, a batch at a time, and tells what is
 * written after each. Ends after a batch with an error.
 * @throws IronpxeError RAMDISK_* of the receiver itself; the reason of `signal`
 */
export async function* fetchAll(
  receiver: Pick<RamdiskCommands, 'fetch'>,
  place: Place,
  ranges: readonly Range[],
  signal: AbortSignal,
): AsyncGenerator<Fetched, void, void> {
  for (const batch of batchesOf(ranges)) {
    const fetched = await fetchBatch(receiver, place, batch, signal);
    yield fetched;
    if (fetched.error !== undefined) return;
  }
}

async function fetchBatch(
  receiver: Pick<RamdiskCommands, 'fetch'>,
  { feeder, signal: gone }: Place,
  batch: readonly Range[],
  signal: AbortSignal,
): Promise<Fetched> {
  const within = AbortSignal.any([signal, gone]);
  const word = randomBytes(32).toString('hex');
  const asked = batch.map(({ start, end }) => ({ offsetBytes: start, lengthBytes: end - start }));
  const done: Range[] = [];
  try {
    await feeder.admit(word, within);
  } catch (error) {
    signal.throwIfAborted();
    return { done, error };
  }
  try {
    const from = { address: feeder.address, word };
    for await (const index of receiver.fetch(from, asked, { signal: within })) {
      const range = batch[index];
      if (range) done.push(range);
    }
    return { done };
  } catch (error) {
    signal.throwIfAborted();
    // Nothing vouches for what was told before.
    if (gone.aborted) return { done: [], error };
    if (hasCode(error, 'RAMDISK_COMMAND_FAILED', 'RAMDISK_COMMAND_REFUSED')) return { done, error };
    throw error;
  }
}

function batchesOf(ranges: readonly Range[]): readonly (readonly Range[])[] {
  const batches: Range[][] = [];
  let bytes = Infinity;
  for (const range of ranges) {
    const length = lengthOf([range]);
    const last = batches.at(-1);
    if (last && bytes + length <= BATCH_BYTES && last.length < BATCH_RANGES) last.push(range);
    else batches.push([range]);
    bytes = last === batches.at(-1) ? bytes + length : length;
  }
  return batches;
}
