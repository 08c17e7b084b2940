import { mkdir } from 'node:fs/promises';
import { GIB } from '../values/units.ts';
import { cacheEntry, markUsed, readEntry, type CacheRecord } from './cache.ts';
import { download, isUnchanged, type Download, type DownloadProgress } from './download.ts';
import type { FetchOptions } from './fetchImage.ts';
import { SharedWork } from './shared.ts';
import type { CachedFile, Checksum } from './types.ts';

/** What a download needs beyond its URL when the server wants to know who asks. */
export type Protected = Pick<Download, 'access' | 'immutable'> & {
  /** Names the content in the cache, in place of the URL. */
  readonly identity: string;
};

type Fetch = Omit<FetchOptions, 'checksum'> & { readonly checksum: Checksum | undefined };

const downloads = new SharedWork<CachedFile, DownloadProgress>();

/**
 * Brings what is behind a URL into the cache. Callers at the same time share one download.
 * @throws IronpxeError IMAGE_*
 */
export async function cachedDownload(
  url: string,
  options: Fetch,
  secured?: Protected,
): Promise<CachedFile> {
  const entry = cacheEntry(options.cacheDir, secured?.identity ?? url, options.checksum);
  const start = async (
    signal: AbortSignal,
    onProgress: (progress: DownloadProgress) => void,
  ): Promise<CachedFile> => {
    const {
      checksum,
      maxBytes = 1024 * GIB,
      stallTimeoutMs = 60_000,
      retryDelayMs = 500,
    } = options;
    await mkdir(options.cacheDir, { recursive: true });
    const job = { url, entry, checksum, maxBytes, stallTimeoutMs, retryDelayMs, signal };
    const { access, immutable } = secured ?? {};
    const { makeRoom } = options;
    return hitOrDownload({ ...job, access, immutable, makeRoom, onProgress });
  };
  return downloads.join(entry.path, start, options);
}

async function hitOrDownload(job: Download): Promise<CachedFile> {
  await markUsed(job.entry);
  const record = await readEntry(job.entry, job.signal);
  // A checksum names the content, so what has it needs no question to the server.
  const good = record && (job.checksum || job.immutable || (await isUnchanged(record, job)));
  if (record && good) return cached(job, record, 'cache');
  return cached(job, await download(job), 'download');
}

function cached(job: Download, record: CacheRecord, origin: 'cache' | 'download'): CachedFile {
  const { sizeBytes, sha256 } = record;
  return { path: job.entry.path, sizeBytes, sha256, origin };
}
