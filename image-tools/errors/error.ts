import { IMAGE_ERRORS, type ImageErrorCode, type ImageErrorRow } from './table.ts';

/** The one class for failures that a user of the image tools can meet. Bugs stay plain `Error`. */
export class ImageToolError extends Error {
  override readonly name = 'ImageToolError';
  readonly code: ImageErrorCode;

  /**
   * @param code a row of the error table
   * @param message what happened: the subject, what was found, what was expected
   * @param options `cause`: the error underneath, if any
   */
  constructor(code: ImageErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }

  get row(): ImageErrorRow {
    return IMAGE_ERRORS[this.code];
  }
}

/** Whether `error` is an {@link ImageToolError} with one of `codes`. */
export function hasImageCode(
  error: unknown,
  ...codes: readonly ImageErrorCode[]
): error is ImageToolError {
  return error instanceof ImageToolError && codes.includes(error.code);
}

/** For the terminal: what happened, what it usually means, what to do next. */
export function explainPlainly(error: unknown): string {
  if (error instanceof ImageToolError)
    return `${error.message}\n  ${error.row.cause}\n  ${error.row.next} [${error.code}]`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
