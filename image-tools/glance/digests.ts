import { createHash, getHashes, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Transform, type TransformCallback } from 'node:stream';

/** SHA-256 of a file, in hex. */
export async function sha256Of(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 ** 2, signal }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** What Glance may be asked about: `checksum` is MD5, `os_hash_algo` is SHA-512 unless set otherwise. */
const ALGORITHMS = ['md5', 'sha256', 'sha512'] as const;

/** Passes bytes on, counts them and keeps their digests. */
export class DigestingPass extends Transform {
  readonly #hashes: ReadonlyMap<string, Hash>;
  readonly #onBytes: (doneBytes: number) => void;
  #doneBytes = 0;

  constructor(onBytes: (doneBytes: number) => void) {
    super();
    this.#onBytes = onBytes;
    this.#hashes = new Map(
      ALGORITHMS.filter((name) => getHashes().includes(name)).map((name) => [
        name,
        createHash(name),
      ]),
    );
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    for (const hash of this.#hashes.values()) hash.update(chunk);
    this.#doneBytes += chunk.length;
    this.#onBytes(this.#doneBytes);
    done(null, chunk);
  }

  /** In hex, of all bytes so far; `undefined` for an algorithm that is not kept. */
  digest(algorithm: string): string | undefined {
    return this.#hashes.get(algorithm)?.copy().digest('hex');
  }
}
