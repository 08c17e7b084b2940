import type { ErrorRow } from './row.ts';
import { ERRORS, type ErrorCode } from './table.ts';

/** The one class for failures that a user can meet. Bugs stay plain `Error`. */
export class IronpxeError extends Error {
  override readonly name = 'IronpxeError';
  readonly code: ErrorCode;

  /**
   * @param code a row of the error table
   * @param message what happened: the subject, what was found, what was expected; without secrets
   * @param options `cause`: the error underneath, if any
   */
  constructor(code: ErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }
}

/** One line for `last_error`, logs and the terminal: code, message, and the next step where known. */
export function explain(error: unknown): string {
  if (error instanceof IronpxeError) return `${error.code}: ${error.message} ${error.row.next}`;
  return error instanceof Error ? error.message : String(error);
}

/** Whether `error` is an {@link IronpxeError} with one of `codes`. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is IronpxeError {
  return error instanceof IronpxeError && codes.includes(error.code);
}
