import { createHash } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checksum } from './types.ts';
import { Digests, digestFile } from './checksum.ts';

/** What is remembered of a finished download, beside it. */
export type CacheRecord = {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** What the server called this version of the image; for asking whether it changed. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
};

/** The files of one cached image. */
export type CacheEntry = {
  readonly path: string;
  readonly recordPath: string;
  readonly partialPath: string;
  /** Which version of the image `partialPath` is the beginning of. */
  readonly partialRecordPath: string;
};

/** Where the cache keeps the image of `url` with that checksum. */
export function cacheEntry(
  cacheDir: string,
  url: string,
  checksum: Checksum | undefined,
): CacheEntry {
  const identity = JSON.stringify([url, checksum?.algorithm, checksum?.value]);
  const key = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  const path = join(cacheDir, key);
  return {
    path,
    recordPath: `${path}.json`,
    partialPath: `${path}.partial`,
    partialRecordPath: `${path}.partial.json`,
  };
}

/** A small JSON file; `undefined` when it is missing or was cut off. */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Replaces a small JSON file in one step. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(value));
  await rename(`${path}.new`, path);
}

/** Size and times of a file as one string that changes whenever its content may have. */
export async function fileIdentity(path: string): Promise<string | undefined> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  return facts && [facts.ino, facts.size, facts.mtimeNs, facts.ctimeNs].join(':');
}

/** path → identity at which its content was last found to be right. */
const verified = new Map<string, string>();

/** Remembers that `path` now has the right content. */
export async function rememberVerified(path: string): Promise<void> {
  const identity = await fileIdentity(path);
  if (identity) verified.set(path, identity);
}

/**
 * The record of an entry whose file still has the content it was stored with. The file is hashed
 * once per run of the conductor, and again when its size or times changed. A bad or half entry is
 * removed, and `undefined` returned.
 */
export async function readEntry(
  entry: CacheEntry,
  signal?: AbortSignal,
): Promise<CacheRecord | undefined> {
  const record = await readJson<CacheRecord>(entry.recordPath);
  const identity = await fileIdentity(entry.path);
  if (record && identity && verified.get(entry.path) === identity) return record;
  if (record && identity && (await hasDigest(entry.path, record.sha256, signal))) {
    verified.set(entry.path, identity);
    return record;
  }
  await removeEntry(entry);
  return undefined;
}

async function hasDigest(path: string, sha256: string, signal?: AbortSignal): Promise<boolean> {
  const digests = new Digests(['sha256']);
  await digestFile(path, digests, signal);
  return digests.digest('sha256') === sha256;
}

/** Marks an entry as used now, before it is read; nothing when there is none. */
export async function markUsed({ recordPath }: Pick<CacheEntry, 'recordPath'>): Promise<void> {
  const now = new Date();
  await utimes(recordPath, now, now).catch(() => {});
}

/** Removes a finished image and its record; a partial download stays. */
export async function removeEntry(entry: CacheEntry): Promise<void> {
  await rm(entry.recordPath, { force: true });
  await rm(entry.path, { force: true });
}
