import { randomUUID } from 'node:crypto';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type { Gate } from '../auth/gate.ts';
import { IronpxeError } from '../errors/error.ts';
import { parseBodiesAsJson } from './body.ts';
import { MIN_MINOR } from './gates.ts';
import { replyError, replyNotFound } from './replies.ts';
import { type ApiContext, serve } from './resource.ts';
import { resources } from './resources.ts';
import type { AboutProcess } from './root.ts';
import { negotiate, versionHeaders } from './versions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The negotiated minor version of the API. */
    minor: number;
  }
}

const BODY_LIMIT_BYTES = 1024 * 1024;

/** Names and traits have up to 255 letters, each perhaps percent-encoded. */
const MAX_PARAMETER_LENGTH = 1024;

/** What the API needs to run. */
export type ApiOptions = ApiContext &
  AboutProcess & {
    readonly logger?: FastifyBaseLogger;
    /** Who may what; without one everybody who can connect may everything. */
    readonly gate?: Gate;
    readonly tls?: { readonly cert: string; readonly key: string };
  };

/** The whole API, not yet listening: without a gate, for loopback or a unix socket only. */
export function buildApi(options: ApiOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // Clients quote this id, and it stands in every line of the log.
    genReqId: () => `req-${randomUUID()}`,
    logController: new LogController({ disableRequestLogging: true }),
    rewriteUrl: (request) => canonicalUrl(request.url ?? '/'),
    ...(options.logger !== undefined && { loggerInstance: options.logger }),
    ...(options.tls !== undefined && { https: options.tls }),
  } satisfies FastifyServerOptions);
  app.decorateRequest('minor', MIN_MINOR);
  parseBodiesAsJson(app);
  app.setErrorHandler(replyError);
  app.setNotFoundHandler(replyNotFound);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('openstack-request-id', request.id);
    refuseForeignPages(request);
    if (request.url.startsWith('/v1')) {
      void reply.headers(versionHeaders(MIN_MINOR));
      request.minor = negotiate(request.headers);
      void reply.headers(versionHeaders(request.minor));
    }
  });
  options.gate?.(app);
  app.addHook('onResponse', async (request, reply) => logRequest(request, reply));
  serve(app, resources(options), options);
  return app;
}

const COLLECTIONS = [
  'nodes',
  'ports',
  'chassis',
  'drivers',
  'lookup',
  'heartbeat',
  'portgroups',
  'volume',
  'conductors',
  'allocations',
  'events',
  'deploy_templates',
  'shards',
];

/** The one path whose ending is its own. */
const DOCUMENT_PATH = '/openapi.json';

/**
 * The one form of a URL that is routed: no slash at the end, no `.json`, and `/v1` in front of a
 * collection that is named without a version.
 */
export function canonicalUrl(url: string): string {
  const [path = '/', ...query] = url.split('?');
  if (path === DOCUMENT_PATH) return url;
  const trimmed =
    path
      .replaceAll(/\/{2,}/g, '/')
      .replace(/\/+$/, '')
      .replace(/\.json$/, '') || '/';
  const first = trimmed.split('/')[1] ?? '';
  const versioned = COLLECTIONS.includes(first) ? `/v1${trimmed}` : trimmed;
  return [versioned, ...query].join('?');
}

/** Reads are polled several times a second, so only writes and refusals are worth a line. */
function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  const { method, url } = request;
  const row = { method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
  if (method === 'GET' || method === 'HEAD') request.log.debug(row, 'request');
  else request.log.info(row, 'request');
}

/** Without credentials, a web page that a user of this host visits must not be able to write. */
function refuseForeignPages(request: FastifyRequest): void {
  const { origin } = request.headers;
  const reads = ['GET', 'HEAD', 'OPTIONS'].includes(request.method);
  if (origin === undefined || reads || hostOf(origin) === request.host) return;
  throw new IronpxeError(
    'ORIGIN_REFUSED',
    `A write from a page of ${origin} is refused: it came to ${request.host}.`,
  );
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
