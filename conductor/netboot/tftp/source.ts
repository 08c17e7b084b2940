import { open, type FileHandle } from 'node:fs/promises';
import type { TreeContent } from '../tree/tree.ts';

/** What a transfer reads from: a file that stays open, so that it may be replaced meanwhile. */
export type ByteSource = AsyncDisposable & {
  readonly sizeBytes: number;
  /** The bytes from `start` to `end` (not included). */
  read(start: number, end: number): Promise<Buffer> | Buffer;
};

/** Read ahead by this much: about ninety blocks of 1468 bytes. */
const CHUNK_BYTES = 128 * 1024;

/** Opens content of the tree. */
export async function openSource(content: TreeContent): Promise<ByteSource> {
  if (content.kind === 'text') return textSource(content.text);
  const handle = await open(content.path, 'r');
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error(`${content.path} is no regular file`);
    return fileSource(handle, stat.size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function textSource(text: string): ByteSource {
  const bytes = Buffer.from(text);
  return {
    sizeBytes: bytes.length,
    read: (start, end) => bytes.subarray(start, end),
    [Symbol.asyncDispose]: async () => {},
  };
}

function fileSource(handle: FileHandle, sizeBytes: number): ByteSource {
  let chunk: Buffer = Buffer.alloc(0);
  let chunkStart = 0;
  const held = (start: number, end: number): boolean =>
    start >= chunkStart && end <= chunkStart + chunk.length;
  const load = async (start: number, end: number): Promise<Buffer> => {
    const length = Math.min(Math.max(end - start, CHUNK_BYTES), sizeBytes - start);
    // A new buffer each time: blocks of the one before may still wait in the socket's queue.
    chunk = await fill(handle, Buffer.allocUnsafeSlow(length), start);
    chunkStart = start;
    return chunk.subarray(0, end - start);
  };
  return {
    sizeBytes,
    read: (start, end) =>
      held(start, end) ? chunk.subarray(start - chunkStart, end - chunkStart) : load(start, end),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function fill(handle: FileHandle, target: Buffer, position: number): Promise<Buffer> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw new Error('the file became shorter while it was sent');
    done += bytesRead;
  }
  return target;
}
