import type { ErrorRows } from './row.ts';

/** Failures of the room `config`. */
export const CONFIG_ERRORS = {} as const satisfies ErrorRows;
