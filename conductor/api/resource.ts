import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { Access } from '../auth/access.ts';
import type { Conductor } from '../deploy/conductor.ts';
import { IronpxeError } from '../errors/error.ts';
import type { NetbootRecording } from '../record/recording.ts';
import type { Database } from '../store/database.ts';
import { MIN_MINOR } from './gates.ts';

/** What every request can reach. */
export type ApiContext = {
  readonly database: Database;
  readonly conductor: Conductor;
  /** The URL under which clients see the API; the request's own Host when absent. */
  readonly publicUrl?: string;
  /** What was recorded of a node's netboot; absent where nothing is recorded. */
  readonly recordingOf?: (nodeUuid: string, fromMs?: number) => NetbootRecording;
};

/** A request, taken apart. */
export type Call = ApiContext & {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The value of a header, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: unknown;
  /** The negotiated minor version. */
  readonly minor: number;
  /** Scheme and authority for links, without a slash at the end. */
  readonly baseUrl: string;
  readonly log: FastifyBaseLogger;
  /** What the caller may; absent where nobody is restricted. */
  readonly access: Access | undefined;
  /** The client's own address, IPv4 in its usual form. */
  readonly clientAddress: string;
};

/** What goes back. Without a body the answer is empty. */
export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  /** The body as JSON text already. */
  readonly json?: string | Buffer;
  /** Called when the client has it, or is gone. */
  readonly onSent?: () => void;
  /** Server-sent events in place of JSON, for as long as the client listens. */
  readonly eventStream?: Readable;
  readonly location?: string;
};

/** One method of a resource. */
export type Endpoint = {
  /** One sentence for the reference. */
  readonly what: string;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
  /** The minor version that brought it. */
  readonly since?: number;
  /** The status for older requests; 404 by default. */
  readonly tooOld?: 404 | 405 | 406;
  readonly bodyLimitBytes?: number;
};

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A path with its methods; others are answered with 405. */
export type Resource = { readonly path: string } & {
  readonly [method in (typeof METHODS)[number]]?: Endpoint;
};

/** Serves `resources` on `app`. */
export function serve(
  app: FastifyInstance,
  resources: readonly Resource[],
  context: ApiContext,
): void {
  const streams = new Set<Readable>();
  // They end with their client only: a server that stops must end them.
  app.addHook('preClose', async () => streams.forEach((stream) => stream.destroy()));
  for (const resource of resources)
    for (const method of METHODS) {
      const endpoint = resource[method];
      const limit = endpoint?.bodyLimitBytes;
      app.route({
        method,
        url: resource.path,
        ...(limit !== undefined && { bodyLimit: limit }),
        handler: async (request, reply) => {
          if (endpoint === undefined) throw notServed(resource, request);
          refuseTooOld(endpoint, request);
          return send(reply, watched(await endpoint.handle(toCall(request, context)), streams));
        },
      });
    }
}

/** The endpoints of `resources` as rows, for the reference. */
export function endpoints(
  resources: readonly Resource[],
): { readonly path: string; readonly method: string; readonly endpoint: Endpoint }[] {
  return resources.flatMap((resource) =>
    METHODS.flatMap((method) => {
      const endpoint = resource[method];
      return endpoint === undefined ? [] : [{ path: resource.path, method, endpoint }];
    }),
  );
}

/** Another method of the path, or, where all of them are newer than the request, no such path. */
function notServed(resource: Resource, request: FastifyRequest): IronpxeError {
  const versions = METHODS.flatMap((method) => resource[method] ?? []).map(
    ({ since }) => since ?? MIN_MINOR,
  );
  if (Math.min(...versions) > request.minor)
    return new IronpxeError('RESOURCE_NOT_FOUND', `${request.url} was not found.`);
  return new IronpxeError(
    'METHOD_NOT_ALLOWED',
    `${request.method} is not allowed on ${request.url}.`,
  );
}

function refuseTooOld(endpoint: Endpoint, request: FastifyRequest): void {
  const needed = endpoint.since ?? MIN_MINOR;
  if (request.minor >= needed) return;
  const text = `${request.method} ${request.url} needs API version 1.${needed}, the request asks for 1.${request.minor}.`;
  const code = {
    404: 'RESOURCE_NOT_FOUND',
    405: 'METHOD_NOT_ALLOWED',
    406: 'NOT_ACCEPTABLE',
  } as const;
  throw new IronpxeError(code[endpoint.tooOld ?? 404], text);
}

function toCall(request: FastifyRequest, context: ApiContext): Call {
  return {
    ...context,
    method: request.method,
    params: request.params as Record<string, string>,
    query: flatQuery(request.query as Record<string, string | string[]>),
    header: (name) => [request.headers[name]].flat()[0],
    body: request.body,
    minor: request.minor,
    baseUrl: context.publicUrl ?? `${request.protocol}://${request.host}`,
    log: request.log,
    access: request.access,
    // Dual-stack sockets show IPv4 clients as `::ffff:192.0.2.1`, unix sockets nobody.
    clientAddress: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
  };
}

function watched(answer: Answer, streams: Set<Readable>): Answer {
  const { eventStream: stream } = answer;
  if (stream === undefined) return answer;
  streams.add(stream);
  stream.once('close', () => streams.delete(stream));
  return answer;
}

const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would hold events back until a buffer is full.
  'x-accel-buffering': 'no',
} as const;

/** Repeated parameters are joined by commas, as lists are written anyway. */
function flatQuery(query: Readonly<Record<string, string | string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : value.join(','),
    ]),
  );
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  void reply.status(answer.status);
  if (answer.location !== undefined) void reply.header('Location', answer.location);
  if (answer.eventStream !== undefined)
    return reply.headers(EVENT_STREAM_HEADERS).send(answer.eventStream);
  if (answer.body === undefined && answer.json === undefined) return reply.send();
  if (answer.onSent !== undefined) reply.raw.once('close', answer.onSent);
  return reply.type('application/json').send(answer.json ?? JSON.stringify(answer.body));
}
