import type { ErrorRows } from './row.ts';

/** Failures of the room `deploy`. */
export const DEPLOY_ERRORS = {} as const satisfies ErrorRows;
