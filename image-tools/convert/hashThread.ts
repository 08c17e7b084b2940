import { Worker } from 'node:worker_threads';
import type { ByteRange } from '../values/bytes.ts';

/** A run of a file to be hashed: read, or taken as zeros. */
export type Piece = ByteRange & { readonly zeros?: true };

export type HashJob = {
  readonly path: string;
  readonly algorithm: 'sha256' | 'md5';
  /** Each gets a checksum over its pieces, in their order. */
  readonly messages: readonly (readonly Piece[])[];
};

/** A thread that hashes. It may be started before its work is known: that takes as long as 30 MiB. */
export class HashThread implements AsyncDisposable {
  readonly #worker = new Worker(new URL('hashWorker.ts', import.meta.url));
  readonly #failed: Promise<never>;

  constructor() {
    this.#failed = new Promise((_, reject) => {
      this.#worker.once('error', reject);
      this.#worker.once('exit', () => reject(new Error('the hashing thread ended early')));
    });
    this.#failed.catch(() => {});
  }

  /** The checksum of each message. Rejects with the reason of `signal`, at once. */
  async hash(job: HashJob, signal?: AbortSignal): Promise<string[]> {
    signal?.throwIfAborted();
    const stop = () => void this.#worker.terminate();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const answer = new Promise<string[]>((resolve) => this.#worker.once('message', resolve));
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      this.#worker.postMessage(job);
      return await Promise.race([answer, this.#failed]);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Two of them, for two processors. */
export class HashThreads implements AsyncDisposable {
  readonly pair = [new HashThread(), new HashThread()] as const;

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.pair.map((thread) => thread[Symbol.asyncDispose]()));
  }
}
