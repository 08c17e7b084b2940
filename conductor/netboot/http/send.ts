import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TreeContent } from '../tree/tree.ts';
import { readRange, type ByteRange } from './range.ts';

/** Something to send: its size, a validator, and its bytes when they are wanted. */
export type Body = AsyncDisposable & {
  readonly sizeBytes: number;
  /** A strong entity tag with its quotes, RFC 9110 §8.8.3. */
  readonly etag: string;
  readonly contentType: string;
  /** Writes the bytes of a range. */
  writeTo(to: ServerResponse, range: ByteRange): Promise<void>;
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
  if (sizeBytes === 0) return reply.send('');
  reply.hijack();
  reply.raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
  void finish(reply.raw, body.writeTo(reply.raw, { start, end }));
  return reply;
}

/** Half a body must not look like a whole one: where it ends early, so does the connection. */
async function finish(response: ServerResponse, written: Promise<void>): Promise<void> {
  try {
    await written;
    response.end();
  } catch {
    response.destroy();
  }
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
    writeTo: (to, { start, end }) => write(to, bytes.subarray(start, end + 1)),
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
    writeTo: (to, range) => copy(handle, range, to),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/**
 * Two buffers in turn: one is filled while the other is sent. A stream would make new ones, and new
 * memory costs more than the copy.
 */
async function copy(handle: FileHandle, range: ByteRange, to: ServerResponse): Promise<void> {
  const size = Math.min(READ_BYTES, range.end + 1 - range.start);
  let filled = Buffer.allocUnsafeSlow(size);
  let sent = Buffer.allocUnsafeSlow(size);
  let sending = Promise.resolve();
  for (let at = range.start; at <= range.end;) {
    const wanted = Math.min(size, range.end + 1 - at);
    const { bytesRead } = await handle.read(filled, 0, wanted, at);
    await sending;
    if (bytesRead === 0) throw new Error('the file became shorter while it was sent');
    sending = write(to, filled.subarray(0, bytesRead));
    // Awaited a round later; until then a failure is nobody's.
    sending.catch(() => undefined);
    [filled, sent] = [sent, filled];
    at += bytesRead;
  }
  await sending;
}

/** Resolves when the bytes have left: their memory may be used again. */
function write(to: ServerResponse, bytes: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  to.write(bytes, (error) => (error ? reject(error) : resolve()));
  return promise;
}
