import { join } from 'node:path';

/** How bin/ironpxe runs the conductor: for a part of it that is measured in a process of its own. */
export const LIKE_CONDUCTOR = {
  flags: [
    '--max-semi-space-size=4',
    '--heap-growing-percent=15',
    '--no-incremental-marking',
    '--invocation-count-for-maglev=3000',
    '--invocation-count-for-maglev-osr=800',
  ],
  env: {
    NODE_COMPILE_CACHE: join(import.meta.dirname, '../../.cache/compiled'),
    MALLOC_ARENA_MAX: '2',
    MALLOC_MMAP_THRESHOLD_: '69632',
  },
} as const;
