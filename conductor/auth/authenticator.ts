import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from './caller.ts';

/** Finds out who sends a request. */
export type Authenticator = {
  /** The value of `WWW-Authenticate` in a 401. */
  readonly challenge: string;
  /**
   * The caller, or `everything` for an operator whom no policy restricts.
   * @throws IronpxeError UNAUTHORIZED, AUTH_BUSY, AUTH_UNAVAILABLE
   */
  readonly authenticate: (headers: IncomingHttpHeaders) => Promise<Caller | 'everything'>;
};
