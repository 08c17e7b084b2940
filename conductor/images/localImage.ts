import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IronpxeError } from '../errors/error.ts';
import { fileIdentity } from './cache.ts';
import { Digests, digestFile, expectChecksum } from './checksum.ts';
import type { CachedFile, Checksum } from './types.ts';

export type LocalOptions = {
  readonly allowedFolders: readonly string[];
  readonly checksum: Checksum | undefined;
  readonly signal: AbortSignal | undefined;
};

/**
 * A `file://` image, used where it lies and never copied: a plan notes its size and time, and a
 * write that finds them changed ends with an error.
 * @throws IronpxeError IMAGE_PATH_NOT_ALLOWED, IMAGE_NOT_FOUND, IMAGE_CHECKSUM_MISMATCH
 */
export async function localImage(url: URL, options: LocalOptions): Promise<CachedFile> {
  const path = await resolveAllowed(url, options.allowedFolders);
  const { checksum } = options;
  if (checksum) await verify(path, checksum, options.signal);
  const { size } = await stat(path);
  const sha256 = checksum?.algorithm === 'sha256' ? checksum.value : undefined;
  return { path, sizeBytes: size, sha256, origin: 'file' };
}

async function resolveAllowed(url: URL, allowedFolders: readonly string[]): Promise<string> {
  if (url.host !== '') throw notFound(url.href, 'expected no host name in a file URL');
  const path = await realpath(fileURLToPath(url)).catch(() => undefined);
  const folders = await Promise.all(
    allowedFolders.map((folder) => realpath(folder).catch(() => undefined)),
  );
  const inside = (folder: string | undefined) =>
    folder !== undefined && path?.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  // The same answer for what is missing and what is forbidden: nobody can probe for files.
  if (path === undefined || !folders.some(inside)) throw notAllowed(url, allowedFolders);
  const facts = await stat(path);
  if (!facts.isFile()) throw notFound(path, 'expected a plain file');
  return path;
}

function notAllowed(url: URL, allowedFolders: readonly string[]): IronpxeError {
  const folders = allowedFolders.map((folder) => `"${folder}"`).join(', ') || 'none';
  return new IronpxeError(
    'IMAGE_PATH_NOT_ALLOWED',
    `Image "${url.href}" was not found in the allowed folders (${folders}).`,
  );
}

function notFound(subject: string, expected: string): IronpxeError {
  return new IronpxeError('IMAGE_NOT_FOUND', `Image "${subject}": ${expected}.`);
}

/** Digests found before, so that a big image is not hashed for each machine. */
const known = new Map<string, string>();

async function verify(path: string, checksum: Checksum, signal?: AbortSignal): Promise<void> {
  const key = `${checksum.algorithm}:${path}:${await fileIdentity(path)}`;
  const digests = new Digests([checksum.algorithm]);
  if (!known.has(key)) await digestFile(path, digests, signal);
  const found = known.get(key) ?? digests.digest(checksum.algorithm);
  known.set(key, found);
  expectChecksum(path, found, checksum);
}
