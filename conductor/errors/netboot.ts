import type { ErrorRows } from './row.ts';

/** Failures of the room `netboot`. */
export const NETBOOT_ERRORS = {} as const satisfies ErrorRows;
