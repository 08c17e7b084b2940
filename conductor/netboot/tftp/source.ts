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

type Chunk = { readonly start: number; readonly bytes: Buffer };

/** Holds a chunk, and the one after it as soon as that has come: a transfer seldom waits for disks. */
function fileSource(handle: FileHandle, sizeBytes: number): ByteSource {
  let chunk: Chunk = { start: 0, bytes: Buffer.alloc(0) };
  let ahead: Chunk | undefined;
  const load = async (start: number, least: number): Promise<Chunk> => {
    const length = Math.min(Math.max(least, CHUNK_BYTES), sizeBytes - start);
    // A new buffer each time: blocks of the one before may still wait in the socket's queue.
    return { start, bytes: await fill(handle, Buffer.allocUnsafeSlow(length), start) };
  };
  const lookAhead = async (start: number): Promise<void> => {
    try {
      const next = await load(start, 0);
      if (start === chunk.start + chunk.bytes.length) ahead = next;
    } catch {
      // What cannot be read is found out, and told, when it is wanted.
    }
  };
  const use = (next: Chunk): void => {
    chunk = next;
    ahead = undefined;
    const end = next.start + next.bytes.length;
    if (end < sizeBytes) void lookAhead(end);
  };
  const wait = async (start: number, end: number): Promise<Buffer> => {
    const next = await load(start, end - start);
    use(next);
    return cut(next, start, end);
  };
  return {
    sizeBytes,
    read: (start, end) => {
      if (ahead !== undefined && holds(ahead, start, end)) use(ahead);
      if (holds(chunk, start, end)) return cut(chunk, start, end);
      return wait(start, end);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function holds({ start, bytes }: Chunk, from: number, to: number): boolean {
  return from >= start && to <= start + bytes.length;
}

function cut({ start, bytes }: Chunk, from: number, to: number): Buffer {
  return bytes.subarray(from - start, to - start);
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
