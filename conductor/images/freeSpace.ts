import { statfs } from 'node:fs/promises';
import { IronpxeError } from '../errors/error.ts';
import { formatBytes, MIB } from '../values/units.ts';

/** Kept free, so that the store beside the cache can go on. */
export const RESERVE_BYTES = 64 * MIB;

/**
 * Checks that `folder`'s file system can take `neededBytes` more.
 * @throws IronpxeError IMAGE_CACHE_FULL
 */
export async function expectFreeSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes + RESERVE_BYTES) return;
  throw new IronpxeError(
    'IMAGE_CACHE_FULL',
    `Folder "${folder}" has ${formatBytes(freeBytes)} free, expected ${formatBytes(neededBytes)} ` +
      `for the image and ${formatBytes(RESERVE_BYTES)} to spare.`,
  );
}

/** Turns "no space left" into IMAGE_CACHE_FULL; other errors are returned as they are. */
export function explainNoSpace(folder: string, error: unknown): unknown {
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  if (!full) return error;
  const message = `The file system of "${folder}" ran full while the image was stored.`;
  return new IronpxeError('IMAGE_CACHE_FULL', message, { cause: error });
}
