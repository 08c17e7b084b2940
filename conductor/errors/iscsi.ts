import type { ErrorRows } from './row.ts';

/** Failures of the room `iscsi`. */
export const ISCSI_ERRORS = {} as const satisfies ErrorRows;
