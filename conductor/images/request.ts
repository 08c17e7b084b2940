import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { IronpxeError } from '../errors/error.ts';

/** A URL for messages and logs: without password and query, which may hold tokens. */
export function redactUrl(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed) return '(no URL)';
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search ? '?…' : ''}`;
}

/** An answer whose body has not been read yet. */
export type ImageResponse = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: AsyncIterable<Buffer>;
};

/** What a request to a protected server carries. Redirects are not followed with it. */
export type Access = {
  readonly headers: Readonly<Record<string, string>>;
  /** Certificates (PEM) to trust in place of the system's. */
  readonly caCertificate: string | undefined;
};

export type RequestOptions = {
  readonly access?: Access | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** A connection on which nothing arrives for so long is given up. */
  readonly stallTimeoutMs: number;
};

/**
 * Asks for an image and returns once the headers arrived. The body is the caller's to read or to
 * leave; it is dropped when `signal` aborts. Redirects are followed.
 * @throws IronpxeError IMAGE_NOT_FOUND, IMAGE_DOWNLOAD_REFUSED, IMAGE_DOWNLOAD_FAILED
 */
export async function requestImage(url: string, options: RequestOptions): Promise<ImageResponse> {
  const { headers, access, signal, stallTimeoutMs } = options;
  // Not before it is needed: it takes a tenth of the memory of an idle conductor.
  const { default: got } = await import('got');
  const stream = got.stream(url, {
    headers: { ...headers, ...access?.headers },
    followRedirect: access === undefined,
    https:
      access?.caCertificate === undefined ? {} : { certificateAuthority: access.caCertificate },
    signal,
    decompress: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    timeout: {
      lookup: stallTimeoutMs,
      connect: stallTimeoutMs,
      response: stallTimeoutMs,
      socket: stallTimeoutMs,
    },
  });
  const [response] = (await once(stream, 'response')) as [IncomingMessage];
  const status = response.statusCode ?? 0;
  // Lets a body that nobody reads end without an "unhandled error".
  stream.on('error', () => {});
  if (status >= 400 && status !== 416) stream.destroy();
  if (status >= 400 && status !== 416) throw refusal(url, status);
  return { status, headers: response.headers, body: stream as AsyncIterable<Buffer> };
}

function refusal(url: string, status: number): IronpxeError {
  const message = `"${redactUrl(url)}" answered with HTTP status ${status}, expected 200.`;
  if (status === 404 || status === 410) return new IronpxeError('IMAGE_NOT_FOUND', message);
  const passing = status >= 500 || status === 408 || status === 429;
  return new IronpxeError(passing ? 'IMAGE_DOWNLOAD_FAILED' : 'IMAGE_DOWNLOAD_REFUSED', message);
}
