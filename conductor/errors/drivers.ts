import type { ErrorRows } from './row.ts';

/** Failures of the room `drivers`. */
export const DRIVER_ERRORS = {} as const satisfies ErrorRows;
