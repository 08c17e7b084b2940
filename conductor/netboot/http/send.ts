import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TreeContent } from '../tree/tree.ts';
import { readRange, type ByteRange } from './range.ts';

/** Something to send: its size, a validator, and its bytes when they are wanted. */
export type Body = AsyncDisposable & {
  readonly sizeBytes: number;
  /** A strong entity tag with its quotes, RFC 9110 §8.8.3. */
  readonly etag: string;
  readonly contentType: string;
  stream(range: ByteRange): Readable;
};

/** Bytes read from a file at a time: few enough to hold for many clients, enough to be quick. */
const READ_BYTES = 512 * 1024;

/** Opens content of the tree. The file stays open while it is sent, so it may be replaced. */
export async function openBody(content: TreeContent): Promise<Body> {
  return content.kind === 'text' ? textBody(content.text) : fileBody(content.path);
}

/** Answers with `body`, or its range, or nothing but the head. */
export function sendBody(request: FastifyRequest, reply: FastifyReply, body: Body): FastifyReply {
  const { etag, sizeBytes, contentType } = body;
  reply.headers({ etag, 'accept-ranges': 'bytes', 'content-type': contentType });
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  const range = readRange(wantedRange(request, etag), sizeBytes);
  if (range === 'unsatisfiable')
    return reply.code(416).header('content-range', `bytes */${sizeBytes}`).send();
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
  if (range !== undefined)
    reply.code(206).header('content-range', `bytes ${start}-${end}/${sizeBytes}`);
  reply.header('content-length', end - start + 1);
  if (request.method === 'HEAD') return reply.send();
  return reply.send(sizeBytes === 0 ? '' : body.stream({ start, end }));
}

/** RFC 9110 §13.1.5: a range of another version of the file must not be sent. */
function wantedRange(request: FastifyRequest, etag: string): string | undefined {
  const condition = request.headers['if-range'];
  return condition === undefined || condition === etag ? request.headers.range : undefined;
}

function textBody(text: string): Body {
  const bytes = Buffer.from(text);
  return {
    sizeBytes: bytes.length,
    etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`,
    contentType: 'text/plain; charset=utf-8',
    stream: ({ start, end }) => Readable.from([bytes.subarray(start, end + 1)]),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function fileBody(path: string): Promise<Body> {
  const handle = await open(path, 'r');
  const stat = await handle.stat({ bigint: true });
  if (!stat.isFile()) {
    await handle.close();
    throw new Error(`${path} is no regular file`);
  }
  return {
    sizeBytes: Number(stat.size),
    etag: `"${stat.mtimeNs.toString(36)}-${stat.ino.toString(36)}-${stat.size.toString(36)}"`,
    contentType: 'application/octet-stream',
    stream: ({ start, end }) =>
      handle.createReadStream({ start, end, highWaterMark: READ_BYTES, autoClose: false }),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
