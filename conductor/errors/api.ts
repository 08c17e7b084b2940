import type { ErrorRows } from './row.ts';

/** Failures of the room `api`. */
export const API_ERRORS = {} as const satisfies ErrorRows;
