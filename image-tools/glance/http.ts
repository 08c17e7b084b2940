import type { Readable } from 'node:stream';
import got, { type OptionsInit, RequestError } from 'got';
import { OpenStackFailure, type FailureKind } from './failure.ts';

/** How connections are made, from the cloud's settings. */
export type Transport = {
  /** Certificates (PEM) to trust in place of the system's. */
  readonly caCertificate?: string | undefined;
  /** false: any certificate is taken. */
  readonly verifyCertificate?: boolean | undefined;
  /** A connection on which nothing moves for so long is given up; 60,000 by default. */
  readonly stallTimeoutMs?: number | undefined;
};

export type Request = {
  readonly service: 'Keystone' | 'Glance' | 'Neutron';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; the length must be among the headers. */
  readonly stream?: Readable;
  readonly signal?: AbortSignal | undefined;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

const STALL_TIMEOUT_MS = 60_000;

/** Asks an OpenStack service once. @throws OpenStackFailure for no answer and for statuses from 300 */
export async function ask(request: Request, transport: Transport): Promise<Answer> {
  const { service, method, url } = request;
  const { statusCode: status, headers, body: text } = await send(request, transport);
  if (status < 300) return { status, headers, text };
  const said = reasonOf(text);
  throw new OpenStackFailure(
    kindOf(status),
    `${service} answered ${method} ${url} with HTTP status ${status}${said && `: ${said}`}`,
    { status },
  );
}

async function send(request: Request, transport: Transport) {
  const { service, method, url, signal } = request;
  try {
    return await got(url, {
      ...optionsOf(transport),
      ...contentOf(request),
      method,
      ...(signal && { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    const why = error instanceof RequestError ? error.message : String(error);
    const message = `${service} does not answer at ${new URL(url).origin}: ${why}`;
    // Not got's own error: it holds the request, and with it the password or token.
    const cause = error instanceof RequestError ? error.cause : undefined;
    throw new OpenStackFailure('unreachable', message, { cause });
  }
}

function contentOf({ headers, json, stream }: Request) {
  const accept = { accept: 'application/json', ...headers };
  if (stream) return { headers: accept, body: stream };
  if (json === undefined) return { headers: accept };
  return {
    headers: { 'content-type': 'application/json', ...accept },
    body: JSON.stringify(json),
  };
}

function optionsOf({ caCertificate, verifyCertificate = true, stallTimeoutMs }: Transport) {
  const stallMs = stallTimeoutMs ?? STALL_TIMEOUT_MS;
  return {
    throwHttpErrors: false,
    // A token is not for whoever a redirect names.
    followRedirect: false,
    retry: { limit: 0 },
    timeout: { lookup: stallMs, connect: stallMs, socket: stallMs },
    https: {
      rejectUnauthorized: verifyCertificate,
      ...(caCertificate !== undefined && { certificateAuthority: caCertificate }),
    },
  } satisfies OptionsInit;
}

function kindOf(status: number): FailureKind {
  if (status === 401 || status === 403) return 'refused';
  if (status === 404 || status === 410) return 'missing';
  if (status === 413) return 'quota';
  if (status >= 400 && status < 500) return 'rejected';
  return 'broken';
}

const MAX_REASON_LENGTH = 300;

/** What a service says of its refusal: JSON of Keystone or Glance, or a page of HTML. */
function reasonOf(text: string): string {
  const plain = reasonOfJson(text) ?? text.replaceAll(/<title>.*?<\/title>|<[^>]*>/gs, ' ');
  return plain
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MAX_REASON_LENGTH);
}

function reasonOfJson(text: string): string | undefined {
  try {
    const { error, message } = JSON.parse(text) as {
      error?: { message?: string };
      message?: string;
    };
    return error?.message ?? message ?? text;
  } catch {
    return undefined;
  }
}
