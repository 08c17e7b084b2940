import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { ByteRange } from '../values/bytes.ts';

/** Old Glance compares md5; all else goes by sha256. */
export type Checksums = { readonly sha256: string; readonly md5: string };

export type HashJob = {
  readonly path: string;
  readonly algorithm: 'sha256' | 'md5';
  readonly sizeBytes: number;
  /** What holds data; the rest is taken as zeros. */
  readonly extents: readonly ByteRange[];
};

/** A finished small file. */
export type FileFacts = Checksums & { readonly sizeBytes: number };

/** Size and both checksums of a small file. */
export async function factsOf(path: string): Promise<FileFacts> {
  const bytes = await readFile(path);
  return { sizeBytes: bytes.length, sha256: hash('sha256', bytes), md5: hash('md5', bytes) };
}

/** Both checksums of a large sparse file, each in a thread of its own. */
export async function checksumsOf(
  path: string,
  sizeBytes: number,
  extents: readonly ByteRange[],
  signal?: AbortSignal,
): Promise<Checksums> {
  const job = { path, sizeBytes, extents };
  const [sha256, md5] = await Promise.all([
    hashInThread({ ...job, algorithm: 'sha256' }, signal),
    hashInThread({ ...job, algorithm: 'md5' }, signal),
  ]);
  return { sha256, md5 };
}

async function hashInThread(job: HashJob, signal: AbortSignal | undefined): Promise<string> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('hashWorker.ts', import.meta.url), { workerData: job });
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () =>
        reject(signal?.reason ?? new Error('the hashing thread ended early')),
      );
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
