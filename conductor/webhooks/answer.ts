/** What is done after a receiver answered, or did not. */
export type Verdict =
  | { readonly kind: 'accepted' }
  /** Tried again after `waitMs`. */
  | { readonly kind: 'again'; readonly waitMs: number }
  /** The receiver can make nothing of this one message, but perhaps of the next. */
  | { readonly kind: 'skip' };

/** One attempt; `status` is absent when no answer came. */
export type Attempt = {
  readonly status?: number | undefined;
  /** The header `Retry-After`, when it came. */
  readonly retryAfter?: string | undefined;
  /** How many attempts failed in a row, this one included if it did. */
  readonly failures: number;
};

/** Answers that are about the message, and not about the receiver (RFC 9110 §15.5). */
const ABOUT_THE_MESSAGE = [400, 413, 415, 422];
const ATTEMPTS_FOR_REFUSED = 5;

/** Back-off between two attempts. */
export type BackOff = { readonly firstMs: number; readonly longestMs: number };

/** Decides by an attempt what comes next; `random`: 0 to 1, so that receivers are not stormed. */
export function verdictOf(attempt: Attempt, backOff: BackOff, random: number): Verdict {
  const { status, retryAfter, failures } = attempt;
  if (status !== undefined && status >= 200 && status < 300) return { kind: 'accepted' };
  if (ABOUT_THE_MESSAGE.some((one) => one === status) && failures >= ATTEMPTS_FOR_REFUSED)
    return { kind: 'skip' };
  const { firstMs, longestMs } = backOff;
  const doubledMs = firstMs * 2 ** Math.min(failures - 1, 30);
  // Between half and all of it; never sooner than the receiver asks, if that is bearable.
  const ownMs = Math.min(doubledMs, longestMs) * (0.5 + random / 2);
  return { kind: 'again', waitMs: Math.min(Math.max(ownMs, askedMs(retryAfter)), longestMs) };
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3); a date is not heeded. */
function askedMs(retryAfter: string | undefined): number {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : 0;
}
