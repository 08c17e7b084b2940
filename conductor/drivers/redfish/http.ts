import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { OptionsInit, Response } from 'got';
import { IronpxeError } from '../../errors/error.ts';
import type { RedfishInfo } from './driverInfo.ts';

/** A request to a BMC; `path` begins with a slash and is the BMC's own. */
export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
};

/** The BMC's answer, whatever its status; `body` is `undefined` when it is no JSON. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
};

/** How long a BMC may take, and how often it is called when it refuses to be connected. */
export type HttpOptions = {
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly attempts: number;
  readonly retryEveryMs: number;
};

/** System errors of a connection that never came to be: nothing was sent, so it may be sent again. */
const NOT_CONNECTED = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'];

/**
 * Sends a request to a BMC.
 * @throws IronpxeError DRIVER_BMC_UNREACHABLE, DRIVER_BMC_TLS
 */
export async function sendToBmc(
  info: RedfishInfo,
  request: HttpRequest,
  options: HttpOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sendOnce(info, request, options, signal);
    } catch (error) {
      signal.throwIfAborted();
      const again = NOT_CONNECTED.includes(codeOf(error)) && attempt < options.attempts;
      if (!again) throw connectionFault(info, request, error);
      await delay(options.retryEveryMs, undefined, { signal });
    }
  }
}

async function sendOnce(
  info: RedfishInfo,
  { method, path, headers, json }: HttpRequest,
  options: HttpOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  // Loaded here: most conductors have no Redfish machine, and all start faster without it.
  const { default: got } = await import('got');
  const { connectTimeoutMs, readTimeoutMs } = options;
  const settings = {
    method,
    signal,
    headers: { accept: 'application/json', 'odata-version': '4.0', ...headers },
    timeout: { connect: connectTimeoutMs, secureConnect: connectTimeoutMs, request: readTimeoutMs },
    retry: { limit: 0 },
    throwHttpErrors: false,
    followRedirect: method === 'GET',
    maxRedirects: 3,
    https: tlsOptions(info.verify),
    ...(json !== undefined && { json }),
  } satisfies OptionsInit;
  const answer: Response<string> = await got(urlOf(info, path), {
    ...settings,
    responseType: 'text',
  });
  return { status: answer.statusCode, headers: answer.headers, body: parsedJson(answer.body) };
}

/** The path at the BMC; a path that leads elsewhere would carry the credentials there. */
function urlOf({ origin, prefix }: RedfishInfo, path: string): URL {
  const url = URL.parse(path.startsWith(`${prefix}/`) ? path : prefix + path, origin);
  if (url?.origin === origin) return url;
  const found = JSON.stringify(path.slice(0, 200));
  throw new IronpxeError(
    'DRIVER_BMC_REFUSED',
    `BMC ${origin} names the path ${found}, which is not its own.`,
  );
}

function tlsOptions(verify: boolean | string): NonNullable<OptionsInit['https']> {
  if (typeof verify !== 'string') return { rejectUnauthorized: verify };
  return { rejectUnauthorized: true, certificateAuthority: readFileSync(verify) };
}

function parsedJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

const TLS = /^(?:CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_SSL_|EPROTO)/;

function connectionFault(info: RedfishInfo, request: HttpRequest, error: unknown): unknown {
  if (error instanceof IronpxeError) return error;
  const code = codeOf(error);
  const why = error instanceof Error ? error.message : String(error);
  const what = `BMC ${info.origin}: ${request.method} ${request.path}: ${why}`.replace(/\.?$/, '.');
  const kind = TLS.test(code) ? 'DRIVER_BMC_TLS' : 'DRIVER_BMC_UNREACHABLE';
  return new IronpxeError(kind, what, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
