import type { OptionsInit, Response } from 'got';
import { IronpxeError } from '../../errors/error.ts';
import type { AgentSession, AgentTrust } from './session.ts';

/** A request to an agent; `path` is below its URL. */
export type AgentRequest = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: unknown;
};

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Sends a request to the agent of a node and gives its answer, parsed.
 * @throws IronpxeError AGENT_UNREACHABLE (perhaps it took the request all the same), AGENT_TLS,
 *   AGENT_BUSY, AGENT_FORGOT_US (401, or it does not know what it was asked for), AGENT_REFUSED
 */
export async function sendToAgent(
  session: AgentSession,
  request: AgentRequest,
  call: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<unknown> {
  const answer = await send(session, request, call).catch((error: unknown) => {
    call.signal.throwIfAborted();
    throw connectionFault(session, error);
  });
  const body = parsed(answer.body);
  if (answer.statusCode >= 200 && answer.statusCode < 300) return body;
  throw refusal(session, request, answer.statusCode, body);
}

async function send(
  { url, token, trust }: AgentSession,
  { method, path, query, json }: AgentRequest,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Response<string>> {
  // Loaded here: conductors without agents start faster without it.
  const { default: got } = await import('got');
  const settings = {
    method,
    signal,
    searchParams: { ...query, agent_token: token },
    headers: { accept: 'application/json' },
    timeout: {
      connect: CONNECT_TIMEOUT_MS,
      secureConnect: CONNECT_TIMEOUT_MS,
      request: timeoutMs,
    },
    retry: { limit: 0 },
    throwHttpErrors: false,
    // It would take the token elsewhere.
    followRedirect: false,
    https: tlsOptions(trust),
    ...(json !== undefined && { json }),
  } satisfies OptionsInit;
  return got(new URL(path, url), { ...settings, responseType: 'text' });
}

/** A pinned certificate is the agent's identity whatever name or address stands in it. */
function tlsOptions(trust: AgentTrust): NonNullable<OptionsInit['https']> {
  if (!('certificates' in trust)) return { rejectUnauthorized: trust.kind === 'system' };
  return {
    rejectUnauthorized: true,
    certificateAuthority: trust.certificates,
    ...(trust.kind === 'pinned' && { checkServerIdentity: () => undefined }),
  };
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

const CODES: Readonly<Record<number, 'AGENT_BUSY' | 'AGENT_FORGOT_US'>> = {
  401: 'AGENT_FORGOT_US',
  404: 'AGENT_FORGOT_US',
  409: 'AGENT_BUSY',
};

function refusal(
  { url }: AgentSession,
  { method, path, json }: AgentRequest,
  status: number,
  body: unknown,
): IronpxeError {
  const { faultstring, details, message } = { ...Object(body) } as Record<string, unknown>;
  const why = [faultstring, message, details].find(
    (text): text is string => typeof text === 'string' && text !== '',
  );
  const { name } = { ...Object(json) } as Record<string, unknown>;
  const what = typeof name === 'string' ? name : `${method} ${path}`;
  const text = `The agent at ${url} answered ${what} with ${status}: ${why ?? 'no reason'}`;
  return new IronpxeError(CODES[status] ?? 'AGENT_REFUSED', text.replace(/\.?$/, '.'));
}

const TLS = /^(?:CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_SSL_|EPROTO)/;

/** Without the URL that was asked for: the token stands in it. */
function connectionFault({ url }: AgentSession, error: unknown): IronpxeError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = error instanceof Error ? error.message : String(error);
  const kind = TLS.test(code) ? 'AGENT_TLS' : 'AGENT_UNREACHABLE';
  return new IronpxeError(
    kind,
    `The agent at ${url}: ${why.replace(/agent_token=[^&\s]+/g, '…')}.`,
  );
}
