import { pruneCache } from '../images/pruneCache.ts';
import { unfinishedOperations } from '../store/operations.ts';
import { GIB } from '../values/units.ts';
import { imageCacheDir } from './places.ts';
import type { StepServices } from './steps/types.ts';

const DAY_MS = 24 * 3600 * 1000;

/**
 * Keeps the image cache within the limits of the configuration, and makes room for `neededBytes`.
 * What an operation that still runs has taken from it stays.
 * @returns how many bytes of disk space were freed
 */
export async function tidyImageCache(
  { database, config }: Pick<StepServices, 'database' | 'config'>,
  neededBytes = 0,
): Promise<number> {
  const running = await unfinishedOperations(database);
  const beginnings = running.map(({ startedAt }) => Date.parse(startedAt));
  const { cache_size_gib: sizeGib, cache_days: days } = config.images;
  const limits = {
    maxBytes: sizeGib * GIB,
    maxAgeMs: days * DAY_MS,
    inUseSinceMs: Math.min(Infinity, ...beginnings),
  };
  return pruneCache(imageCacheDir(config), limits, neededBytes);
}
