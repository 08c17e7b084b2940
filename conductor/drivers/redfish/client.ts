import { setTimeout as delay } from 'node:timers/promises';
import type { RedfishInfo } from './driverInfo.ts';
import { redfishFault } from './faults.ts';
import { sendToBmc, type HttpAnswer, type HttpOptions, type HttpRequest } from './http.ts';
import type { SessionBook } from './sessions.ts';

/** A resource as the BMC gave it. */
export type Resource = {
  readonly body: unknown;
  readonly etag: string | undefined;
  /** The methods that it takes, as the header `Allow` names them; empty where it names none. */
  readonly allow: readonly string[];
};

/** Requests to one BMC, logged in. @throws IronpxeError DRIVER_BMC_* */
export type RedfishClient = {
  get(path: string): Promise<Resource>;
  /** Changes a resource, against its ETag where it has one. */
  patch(path: string, changes: unknown): Promise<void>;
  post(path: string, body: unknown): Promise<void>;
};

/** How requests are sent. */
export type ClientOptions = HttpOptions & {
  /** How long a request is tried again while the BMC says that it has no time. */
  readonly busyForMs: number;
};

/** The answer to a change whose resource is another than the one that was read. */
const PRECONDITION = [412, 428];

/** A client for the BMC that `info` names. */
export function redfishClient(
  info: RedfishInfo,
  sessions: SessionBook,
  options: ClientOptions,
  signal: AbortSignal,
): RedfishClient {
  const send = (request: HttpRequest) => whileBusy(info, sessions, request, options, signal);
  const get = async (path: string): Promise<Resource> => {
    const { body, headers } = expectGood(info, `GET ${path}`, await send({ method: 'GET', path }));
    const allow = String(headers['allow'] ?? '').toUpperCase();
    return { body, etag: etagOf(headers['etag'], body), allow: allow.match(/[A-Z]+/g) ?? [] };
  };
  return {
    get,
    async patch(path, changes) {
      const answer = await patchOnce(send, path, changes, await get(path));
      expectGood(info, `PATCH ${path}`, answer);
    },
    async post(path, body) {
      const answer = await send({ method: 'POST', path, json: body });
      expectGood(info, `POST ${path}`, answer);
    },
  };
}

/**
 * Sends a change with the ETag as it was given; where the BMC does not recognise its own, in the
 * strong form of it (some BMCs give a weak one and compare strongly), and then without.
 */
async function patchOnce(
  send: (request: HttpRequest) => Promise<HttpAnswer>,
  path: string,
  json: unknown,
  { etag }: Resource,
): Promise<HttpAnswer> {
  const strong = etag?.replace(/^W\//, '');
  const forms = etag === undefined ? [undefined] : [...new Set([etag, strong]), undefined];
  let answer: HttpAnswer | undefined;
  for (const form of forms) {
    const headers = form === undefined ? {} : { 'if-match': form };
    answer = await send({ method: 'PATCH', path, json, headers });
    if (!PRECONDITION.includes(answer.status)) return answer;
  }
  return answer ?? { status: 412, headers: {}, body: undefined };
}

function etagOf(header: string | string[] | undefined, body: unknown): string | undefined {
  if (typeof header === 'string' && header !== '') return header;
  const own = (body as { '@odata.etag'?: unknown } | null | undefined)?.['@odata.etag'];
  return typeof own === 'string' && own !== '' ? own : undefined;
}

function expectGood(info: RedfishInfo, what: string, answer: HttpAnswer): HttpAnswer {
  if (answer.status < 200 || answer.status > 299) throw redfishFault(info.origin, what, answer);
  return answer;
}

/** Sends a request, again after the pause that the BMC asks for while it has no time. */
async function whileBusy(
  info: RedfishInfo,
  sessions: SessionBook,
  request: HttpRequest,
  options: ClientOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const giveUpAtMs = performance.now() + options.busyForMs;
  for (;;) {
    const answer = await loggedIn(info, sessions, request, options, signal);
    const busy = redfishFault(info.origin, '', answer).code === 'DRIVER_BMC_BUSY';
    if (answer.status < 300 || !busy || performance.now() >= giveUpAtMs) return answer;
    await delay(pauseOf(answer, options.retryEveryMs), undefined, { signal });
  }
}

function pauseOf({ headers }: HttpAnswer, otherwiseMs: number): number {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 && seconds <= 60 ? seconds * 1000 : otherwiseMs;
}

/** Sends a request with the session's token; with a new session where the BMC forgot the old one. */
async function loggedIn(
  info: RedfishInfo,
  sessions: SessionBook,
  request: HttpRequest,
  options: HttpOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const send = (headers: Readonly<Record<string, string>>) =>
    sendToBmc(info, { ...request, headers: { ...request.headers, ...headers } }, options, signal);
  const first = await sessions.headers(info, signal);
  const answer = await send(first);
  if (answer.status !== 401 || !('x-auth-token' in first)) return answer;
  sessions.forget(info);
  return send(await sessions.headers(info, signal));
}
