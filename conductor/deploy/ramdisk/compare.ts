import type { Range } from '../plan/ranges.ts';
import type { PlanDigests } from '../writers/digest.ts';
import type { RamdiskCommands } from './types.ts';

/** A range as it was found on the disk and as it should be. */
export type Compared = { readonly range: Range; readonly found: string; readonly expected: string };

/**
 * Has the ramdisk hash ranges of the disk and works out beside it what they should hash to. The
 * results come in any order, and may be relied on after the last one.
 */
export async function* compareDisk(
  ramdisk: RamdiskCommands,
  digests: Pick<PlanDigests, 'of'>,
  ranges: readonly Range[],
  signal: AbortSignal,
): AsyncGenerator<Compared, void, void> {
  const asked = ranges.map(({ start, end }) => ({ offsetBytes: start, lengthBytes: end - start }));
  for await (const { index, sha256: found } of ramdisk.hash(asked, { signal })) {
    const range = ranges[index];
    if (range === undefined) throw new Error(`The ramdisk hashed a range ${index} of its own.`);
    yield { range, found, expected: await digests.of(range) };
  }
}

/** The ranges that differ. `onProgress` hears how many bytes were compared. */
export async function differing(
  compared: AsyncIterable<Compared>,
  onProgress: (comparedBytes: number) => Promise<void> = async () => {},
): Promise<readonly Range[]> {
  const bad: Range[] = [];
  let bytes = 0;
  for await (const { range, found, expected } of compared) {
    bytes += range.end - range.start;
    if (found !== expected) bad.push(range);
    await onProgress(bytes);
  }
  return bad;
}
