import { rmSync, statSync } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { RESERVE_BYTES } from './freeSpace.ts';

/** How much a cache may hold, and what of it must stay. */
export type CacheLimits = {
  /** Disk space of all entries; holes take none. */
  readonly maxBytes: number;
  /** Entries that were not used for so long go. */
  readonly maxAgeMs: number;
  /** Entries used since then (milliseconds since the epoch) are in use and stay in any case. */
  readonly inUseSinceMs: number;
};

/** An entry: the image, what is remembered of it, and the beginning of a download. */
type Entry = {
  readonly paths: readonly string[];
  readonly sizeBytes: number;
  readonly usedAtMs: number;
};

/** `KEY`, `KEY.raw` (a raw copy), and what stands beside either. */
const FILE = /^([0-9a-f]{32}(?:\.raw)?)(?:\.json|\.partial|\.partial\.json|\.new)*$/;

/**
 * Removes from an image cache what is too old, and then what was used least recently, until the
 * rest keeps the limits and `neededBytes` fit onto the file system.
 * @returns how many bytes of disk space were freed
 */
export async function pruneCache(
  cacheDir: string,
  limits: CacheLimits,
  neededBytes = 0,
): Promise<number> {
  const entries = await readEntries(cacheDir);
  if (entries.length === 0) return 0;
  const { bavail, bsize } = await statfs(cacheDir);
  const freeBytes = bavail * bsize;
  const totalBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const oldestMs = Date.now() - limits.maxAgeMs;
  let freedBytes = 0;
  for (const entry of entries.toSorted((a, b) => a.usedAtMs - b.usedAtMs)) {
    const isTooMuch =
      totalBytes - freedBytes > limits.maxBytes ||
      freeBytes + freedBytes < neededBytes + RESERVE_BYTES;
    if (entry.usedAtMs >= oldestMs && !isTooMuch) break;
    if (removeUnused(entry, limits.inUseSinceMs)) freedBytes += entry.sizeBytes;
  }
  return freedBytes;
}

async function readEntries(cacheDir: string): Promise<Entry[]> {
  const names = await readdir(cacheDir).catch(() => []);
  const groups = Map.groupBy(names, (name) => FILE.exec(name)?.[1]);
  groups.delete(undefined);
  const entries = Array.from(groups.values(), (group) =>
    readEntry(group.map((name) => join(cacheDir, name))),
  );
  return Promise.all(entries);
}

async function readEntry(paths: readonly string[]): Promise<Entry> {
  const facts = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  const sizes = facts.map((found) => (found?.blocks ?? 0) * 512);
  const times = facts.map((found) => found?.mtimeMs ?? 0);
  const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
  // The record first: an image without it is worth nothing, should this be killed in between.
  const recordFirst = paths.toSorted((a, b) => b.length - a.length);
  return { paths: recordFirst, sizeBytes, usedAtMs: Math.max(...times) };
}

/**
 * Looks once more and removes in one go: whoever takes an entry marks it as used before he reads it,
 * so he either keeps it or finds it gone.
 */
function removeUnused({ paths }: Entry, inUseSinceMs: number): boolean {
  const times = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (Math.max(...times) >= inUseSinceMs) return false;
  for (const path of paths) rmSync(path, { force: true });
  return true;
}
