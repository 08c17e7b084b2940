import type { ErrorRows } from './row.ts';

/** Failures of the room `images`. */
export const IMAGE_ERRORS = {} as const satisfies ErrorRows;
