import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the appliance and its kernel are kept between runs. Root's is readable by other users. */
export function defaultCacheDir(): string {
  const chosen = process.env['ATOMIC_TO_PXE_CACHE'];
  if (chosen) return chosen;
  if (process.getuid?.() === 0) return '/var/cache/atomic-to-pxe';
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'atomic-to-pxe');
}

/**
 * Makes a folder of the cache as a whole or not at all. Of two that make it at once, the first to end
 * wins; theirs would be the same.
 */
export async function makeCached(
  folder: string,
  fill: (partial: string) => Promise<void>,
): Promise<void> {
  const partial = await mkdtemp(`${folder}.partial-`);
  try {
    // The appliance's user has to read it.
    await chmod(partial, 0o755);
    await fill(partial);
    await rename(partial, folder).catch((error: unknown) => {
      if (!isTaken(error)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

function isTaken(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOTEMPTY' || code === 'EEXIST';
}
