import type { WebhookMessage } from './message.ts';
import { signedHeaders } from './signature.ts';

/** Where and how a message goes. */
export type PostOptions = {
  readonly url: string;
  readonly key: Uint8Array;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

/** What came of a post. `why` is without the URL, which may hold a secret. */
export type Posted = {
  readonly status?: number;
  readonly retryAfter?: string;
  readonly why: string;
};

/**
 * Posts a message once. Redirects are not followed, and the body of the answer is not read: it may
 * be of any length. @throws the reason of `signal` when it aborts
 */
export async function post(message: WebhookMessage, options: PostOptions): Promise<Posted> {
  const { url, key, timeoutMs, signal } = options;
  const { id, body } = message;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'ironpxe',
        ...signedHeaders(key, { id, body, nowMs: Date.now() }),
      },
      signal: AbortSignal.any([signal, timeout]),
    });
    await answer.body?.cancel();
    const retryAfter = answer.headers.get('retry-after');
    return {
      status: answer.status,
      why: `it answered ${answer.status}`,
      ...(retryAfter !== null && { retryAfter }),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) return { why: `no answer within ${timeoutMs / 1000} s` };
    return { why: reasonOf(error) };
  }
}

/** The system's code beneath an error of fetch, such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  for (let inner = error; inner instanceof Error; inner = inner.cause)
    if ('code' in inner && typeof inner.code === 'string') return inner.code;
  return 'no answer';
}
