import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { IronpxeError } from '../errors/error.ts';
import { MIB } from '../values/units.ts';
import type { Checksum, ChecksumAlgorithm } from './types.ts';

const BY_LENGTH: Readonly<Record<number, ChecksumAlgorithm>> = {
  32: 'md5',
  64: 'sha256',
  128: 'sha512',
};

/**
 * A checksum from hex digits, whose number tells the algorithm, or from both.
 * @throws IronpxeError IMAGE_CHECKSUM_INVALID
 */
export function parseChecksum(given: string | Checksum): Checksum {
  const value = (typeof given === 'string' ? given : given.value).trim().toLowerCase();
  const algorithm = /^[0-9a-f]+$/.test(value) ? BY_LENGTH[value.length] : undefined;
  const wanted = typeof given === 'string' ? algorithm : given.algorithm;
  if (algorithm !== undefined && algorithm === wanted) return { algorithm, value };
  throw new IronpxeError(
    'IMAGE_CHECKSUM_INVALID',
    `Checksum "${value}" (${value.length} characters) is no ${wanted ?? 'MD5, SHA-256 or SHA-512'} digest in hex.`,
  );
}

/** Compares the digest found with the one expected. @throws IronpxeError IMAGE_CHECKSUM_MISMATCH */
export function expectChecksum(subject: string, found: string, expected: Checksum): void {
  if (found === expected.value) return;
  throw new IronpxeError(
    'IMAGE_CHECKSUM_MISMATCH',
    `Image "${subject}" has ${expected.algorithm} ${found}, expected ${expected.value}.`,
  );
}

/** Running digests over one stream of bytes. */
export class Digests {
  readonly #hashes: ReadonlyMap<ChecksumAlgorithm, Hash>;

  constructor(algorithms: Iterable<ChecksumAlgorithm>) {
    const names = new Set(algorithms);
    this.#hashes = new Map(Array.from(names, (name) => [name, createHash(name)]));
  }

  update(bytes: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(bytes);
  }

  /** The digest so far, in hex; more bytes may follow. */
  digest(algorithm: ChecksumAlgorithm): string {
    const hash = this.#hashes.get(algorithm);
    if (!hash) throw new Error(`No digest of kind ${algorithm} is kept.`);
    return hash.copy().digest('hex');
  }
}

/** Feeds a whole file into `digests` through one 1 MiB buffer. */
export async function digestFile(
  path: string,
  digests: Digests,
  signal?: AbortSignal,
): Promise<void> {
  await using file = await open(path);
  const buffer = Buffer.allocUnsafe(MIB);
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    if (bytesRead === 0) return;
    digests.update(buffer.subarray(0, bytesRead));
  }
}
