import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/schema.ts';
import { MEDIA_PATH, publishedFile } from '../deploy/virtualMedia/publish.ts';
import { openBody, sendBody } from '../netboot/http/send.ts';

type Asked = { readonly node: string; readonly file: string };

/** The images that BMCs were given URLs of for virtual drives, as a plugin for the boot HTTP server. */
export async function mediaFiles(
  app: FastifyInstance,
  { config }: { readonly config: Config },
): Promise<void> {
  app.route<{ Params: Asked }>({
    method: ['GET', 'HEAD'],
    url: `${MEDIA_PATH}/:node/:file`,
    handler: (request, reply) => serveFile(config, request, reply),
  });
}

async function serveFile(
  config: Config,
  request: FastifyRequest<{ Params: Asked }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const path = publishedFile(config, request.params.node, request.params.file);
  const body = path && (await openBody({ kind: 'file', path }).catch(() => undefined));
  if (!body) return reply.code(404).type('text/plain').send('There is no such image.\n');
  reply.raw.once('close', () => void body[Symbol.asyncDispose]());
  return sendBody(request, reply, body);
}
