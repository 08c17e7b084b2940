/** What went wrong between us and an OpenStack service, by what a user can do about it. */
export const FAILURE_KINDS = [
  /** The credentials are missing, half, or not to be read. */
  'unconfigured',
  /** Nothing answers, or the connection broke. */
  'unreachable',
  /** 401 or 403. */
  'refused',
  /** 404 or 410. */
  'missing',
  /** 413: a quota or a size limit. */
  'quota',
  /** Any other 4xx. */
  'rejected',
  /** 5xx, or an answer that makes no sense. */
  'broken',
  /** What was stored is not what was sent. */
  'mismatch',
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** A failure of Keystone or Glance, not yet in the words of the program that met it. */
export class OpenStackFailure extends Error {
  override readonly name = 'OpenStackFailure';
  readonly kind: FailureKind;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;

  /**
   * @param message subject, found, expected; without secrets
   * @param options `cause`: the error underneath, if any
   */
  constructor(
    kind: FailureKind,
    message: string,
    options: { readonly cause?: unknown; readonly status?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.status = options.status;
  }
}

/** Whether `error` is an {@link OpenStackFailure} of one of `kinds`. */
export function isFailure(
  error: unknown,
  ...kinds: readonly FailureKind[]
): error is OpenStackFailure {
  return error instanceof OpenStackFailure && kinds.includes(error.kind);
}
