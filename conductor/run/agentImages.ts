import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AGENT_IMAGES_PATH } from '../deploy/agent/imageUrl.ts';
import { grantedImage } from '../deploy/agent/servedImage.ts';
import { openBody, sendBody } from '../netboot/http/send.ts';
import type { Database } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';

type Asked = { readonly operation: string };
type Query = Readonly<Record<'expires' | 'signature', string | undefined>>;

/** The images that agents were given URLs of, as a plugin for the boot HTTP server. */
export async function agentImages(
  app: FastifyInstance,
  { database }: { readonly database: Database },
): Promise<void> {
  app.route<{ Params: Asked; Querystring: Query }>({
    method: ['GET', 'HEAD'],
    url: `${AGENT_IMAGES_PATH}/:operation`,
    handler: (request, reply) => serveImage(database, request, reply),
  });
}

async function serveImage(
  database: Database,
  request: FastifyRequest<{ Params: Asked; Querystring: Query }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { expires, signature } = request.query;
  const asked = { operationUuid: request.params.operation, expires, signature };
  const found = await grantedImage(database, asked, Date.now());
  if (found === undefined)
    return reply.code(403).type('text/plain').send('The URL is not good, or not any more.\n');
  const { path, nodeUuid } = found;
  const body = await openBody({ kind: 'file', path });
  reply.raw.once('close', () => {
    void body[Symbol.asyncDispose]();
    const isWhole = reply.raw.writableFinished;
    const message = isWhole ? 'the agent fetched the image' : 'the agent broke off the image';
    const data = { file: AGENT_IMAGES_PATH, sizeBytes: body.sizeBytes };
    const kind = isWhole ? 'http.done' : 'http.failed';
    if (request.method === 'GET')
      void appendEvent(database, { kind, nodeUuid, message, data }).catch(() => {});
  });
  return sendBody(request, reply, body);
}
