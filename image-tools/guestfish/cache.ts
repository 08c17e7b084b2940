import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the appliance and its kernel are kept between runs. Root's is readable by other users. */
export function defaultCacheDir(): string {
  const chosen = process.env['ATOMIC_TO_PXE_CACHE'];
  if (chosen) return chosen;
  if (process.getuid?.() === 0) return '/var/cache/atomic-to-pxe';
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'atomic-to-pxe');
}
