/** One kind of failure that a user can meet. */
export type ErrorRow = {
  /** The HTTP status with which the API answers it. */
  readonly status: number;
  /** Whether the same request may succeed later without any change. */
  readonly retry: boolean;
  /** What it usually means, in a sentence. */
  readonly cause: string;
  /** What to do next, in a sentence. */
  readonly next: string;
};

/** A room's rows of the error table, keyed by code. */
export type ErrorRows = Readonly<Record<string, ErrorRow>>;
