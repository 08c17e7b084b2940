import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { NewEvent } from '../../events/kinds.ts';
import { tryParseIpv4, type Ipv4 } from '../../values/ipv4.ts';
import { formatBytes } from '../../values/units.ts';
import { errorCode } from '../systemError.ts';
import type { BootTree, TreeRefusal } from '../tree/tree.ts';
import { openBody, sendBody, type Body } from './send.ts';

/** What the boot routes stand on. */
export type BootHttpOptions = {
  readonly tree: BootTree;
  readonly observe: (event: NewEvent) => void;
};

/** The names below which the tree is served; other routes of the same server stay free. */
const ROUTES = [
  '/boot.ipxe',
  '/:name(^[\\w.:-]+\\.(?:0|c32|k?pxe|efi|conf)$)',
  '/grub.cfg-:mac',
  '/grub/*',
  '/tftpboot/*',
  '/pxelinux.cfg/:name',
  '/:node(^[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}$)/:file',
];

const STATUS_OF = {
  absent: 404,
  searched: 404,
  forbidden: 403,
  broken: 500,
} as const satisfies Record<TreeRefusal, number>;

/** Builds an HTTP server with the boot routes; more routes may be registered on it. */
export async function buildBootHttp(options: BootHttpOptions): Promise<FastifyInstance> {
  const app = fastify({
    exposeHeadRoutes: false,
    keepAliveTimeout: 5000,
    requestTimeout: 30_000,
    // A stop must not wait for a client that stopped reading.
    forceCloseConnections: true,
    rewriteUrl: ({ url = '/' }) => plainPath(url),
  });
  await app.register(bootHttpPlugin, options);
  return app;
}

/** Boot loaders join names with doubled slashes or backslashes (seen: shim 16.1 with `//`). */
export function plainPath(url: string): string {
  const [path = '', ...query] = url.split('?');
  return [path.replaceAll(/(?:[/\\]|%5c)+/gi, '/'), ...query].join('?');
}

/** The boot routes (GET and HEAD with ranges) as a fastify plugin. */
export const bootHttpPlugin: FastifyPluginAsync<BootHttpOptions> = async (app, options) => {
  for (const url of ROUTES)
    app.route({
      method: ['GET', 'HEAD'],
      url,
      handler: (request, reply) => serve(request, reply, options),
    });
};

async function serve(
  request: FastifyRequest,
  reply: FastifyReply,
  { tree, observe }: BootHttpOptions,
): Promise<FastifyReply> {
  const name = request.url.split('?', 1)[0] ?? '';
  const client = clientAddress(request);
  const answer = await tree.resolve(name, client);
  const log = { name, client, nodeUuid: answer.nodeUuid, observe };
  if ('refused' in answer) {
    if (answer.refused !== 'searched') failed(log, answer.why);
    return reply.code(STATUS_OF[answer.refused]).type('text/plain').send(`${answer.why}\n`);
  }
  const body = await openBody(answer.found).catch((error: unknown) => unreadable(error));
  if (typeof body === 'string') {
    failed(log, body);
    return reply.code(500).type('text/plain').send(`${body}\n`);
  }
  observeEnd(request, reply, body, log);
  return sendBody(request, reply, body);
}

type Log = {
  readonly name: string;
  readonly client: Ipv4 | undefined;
  readonly nodeUuid: string | undefined;
  readonly observe: (event: NewEvent) => void;
};

/** Closes the file and tells the timeline, however the response ends. */
function observeEnd(request: FastifyRequest, reply: FastifyReply, body: Body, log: Log): void {
  const startedAtMs = performance.now();
  reply.raw.once('close', () => {
    void body[Symbol.asyncDispose]();
    const durationMs = Math.round(performance.now() - startedAtMs);
    if (!reply.raw.writableFinished) return failed(log, 'the client broke off', { durationMs });
    if (request.method === 'GET' && reply.statusCode < 300) done(log, reply, durationMs);
    return undefined;
  });
}

function done(log: Log, reply: FastifyReply, durationMs: number): void {
  const sizeBytes = Number(reply.getHeader('content-length') ?? 0);
  const bytesPerSecond = Math.round((sizeBytes * 1000) / Math.max(durationMs, 1));
  const message = `${formatBytes(sizeBytes)} sent, ${formatBytes(bytesPerSecond)}/s`;
  tell(log, 'http.done', message, { sizeBytes, durationMs, bytesPerSecond });
}

function failed(log: Log, why: string, data: Readonly<Record<string, unknown>> = {}): void {
  tell(log, 'http.failed', why, { ...data, why });
}

function tell(
  { name, client, nodeUuid, observe }: Log,
  kind: 'http.done' | 'http.failed',
  message: string,
  data: Readonly<Record<string, unknown>>,
): void {
  observe({
    kind,
    nodeUuid,
    message: `HTTP ${name}: ${message}`,
    data: { file: name, client, ...data },
  });
}

function unreadable(error: unknown): string {
  const gone = errorCode(error) === 'ENOENT';
  return gone ? 'the file is not on the conductor any more' : 'the file cannot be opened';
}

/** Dual-stack sockets show IPv4 clients as `::ffff:192.0.2.1`. */
function clientAddress(request: FastifyRequest): Ipv4 | undefined {
  return tryParseIpv4(request.ip.replace(/^::ffff:/, ''));
}
