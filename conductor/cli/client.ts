import got, { type Method, RequestError } from 'got';
import { IronpxeError } from '../errors/error.ts';
import { type ErrorCode, ERRORS } from '../errors/table.ts';
import { credentialsFor, type CredentialSource } from './credentials.ts';
import type { JsonObject } from './json.ts';

/** Where the API is when nothing says otherwise. */
export const DEFAULT_URL = 'http://127.0.0.1:6385';
const TIMEOUT_MS = 60_000;

/** Speaks with the API; every failure is an IronpxeError. */
export type ApiClient = {
  readonly url: string;
  /** Sends a request and gives the JSON of the answer; `{}` when it is empty. */
  send(method: Method, path: string, body?: unknown): Promise<JsonObject>;
  get(path: string): Promise<JsonObject>;
};

/**
 * A client for `http(s)://HOST:LISTEN_PORT` or `unix:/path`. It asks for the latest microversion, and
 * looks for credentials only when the API asks for them.
 * @throws IronpxeError CLI_USAGE for any other URL
 */
export function openClient(
  url: string,
  options: { readonly signal: AbortSignal; readonly credentials?: CredentialSource },
): ApiClient {
  const base = baseOf(url);
  let identity: Readonly<Record<string, string>> = {};
  async function ask(method: Method, path: string, body?: unknown) {
    const request = got(`${base}${path}`, {
      method,
      headers: {
        'x-openstack-ironic-api-version': 'latest',
        accept: 'application/json',
        ...identity,
      },
      ...(body !== undefined && { json: body }),
      enableUnixSockets: true,
      retry: { limit: 0 },
      throwHttpErrors: false,
      followRedirect: false,
      timeout: { request: TIMEOUT_MS },
      signal: options.signal,
    });
    return request.catch((error: unknown) => {
      throw unreachable(url, error);
    });
  }
  async function send(method: Method, path: string, body?: unknown): Promise<JsonObject> {
    let reply = await ask(method, path, body);
    const challenge = reply.statusCode === 401 ? reply.headers['www-authenticate'] : undefined;
    if (challenge !== undefined) {
      const { credentials = { env: {} }, signal } = options;
      identity = await credentialsFor(challenge, credentials, signal);
      reply = await ask(method, path, body);
    }
    if (reply.statusCode >= 400) throw refusal(reply.statusCode, reply.body);
    return parseObject(reply.body) ?? {};
  }
  return { url, send, get: (path) => send('GET', path) };
}

function baseOf(url: string): string {
  const trimmed = url.replace(/\/+$/, '').replace(/\/v1$/, '');
  const socket = /^unix:(?:\/\/)?(\/.+)$/.exec(trimmed)?.[1];
  if (socket !== undefined) return `http://unix:${socket}:`;
  if (/^https?:\/\//.test(trimmed) && URL.canParse(trimmed)) return trimmed;
  throw new IronpxeError(
    'CLI_USAGE',
    `"${url}" is no address of an API: expected http://HOST:6385 or unix:/path/to/api.sock.`,
  );
}

function unreachable(url: string, error: unknown): unknown {
  if (!(error instanceof RequestError) || error.code === 'ERR_ABORTED') return error;
  return new IronpxeError('API_UNREACHABLE', `No API answers at ${url}: ${reason(error)}.`, {
    cause: error,
  });
}

function reason(error: RequestError): string {
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'the connection is refused',
    ENOENT: 'there is no such socket',
    EACCES: 'this user may not use the socket',
    ENOTFOUND: 'the host name is unknown',
    ETIMEDOUT: 'it does not answer in time',
  };
  return known[error.code] ?? error.message;
}

/** The error that the API reported, with its own code where this program knows it. */
function refusal(status: number, body: string): IronpxeError {
  const outer = parseObject(body)?.error_message;
  const inner = parseObject(typeof outer === 'string' ? outer : '');
  const fault = inner?.faultstring;
  const message =
    typeof fault === 'string' ? fault : `The API answered ${status}: ${body.slice(0, 200)}`;
  const code = String(inner?.ironpxe_code);
  const known = Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'API_REFUSED';
  return new IronpxeError(known, message);
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
