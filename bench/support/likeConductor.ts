import { join } from 'node:path';

/** How bin/ironpxe runs the conductor: for a part of it that is measured in a process of its own. */
export const LIKE_CONDUCTOR = {
  flags: ['--max-semi-space-size=4', '--heap-growing-percent=30'],
  env: {
    NODE_COMPILE_CACHE: join(import.meta.dirname, '../../.cache/compiled'),
    MALLOC_ARENA_MAX: '2',
    MALLOC_MMAP_THRESHOLD_: '32768',
  },
} as const;
