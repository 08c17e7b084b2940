/** One of the programs that are compared. */
export type Contender = {
  readonly name: string;
  /** Puts things back to the start; not timed. */
  readonly prepare?: () => Promise<void>;
  readonly run: () => Promise<void>;
};

/** The times of one contender, in milliseconds, in the order of the rounds. */
export type Timing = { readonly name: string; readonly roundsMs: readonly number[] };

/**
 * Runs every contender once per round, so that a machine that slows down does so for all; every
 * other round goes backwards. A first round is thrown away.
 */
export async function interleave(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Timing[]> {
  const timesMs = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) {
      const tookMs = await time(contender);
      if (round > 0) timesMs.get(contender.name)?.push(tookMs);
    }
  }
  return Array.from(timesMs, ([name, roundsMs]) => ({ name, roundsMs }));
}

async function time({ prepare, run }: Contender): Promise<number> {
  await prepare?.();
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}

/** The middle value; of an even count, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  if (low === undefined || high === undefined) throw new RangeError('no values');
  return (low + high) / 2;
}
