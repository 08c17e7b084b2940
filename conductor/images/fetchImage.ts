import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { IronpxeError } from '../errors/error.ts';
import { GIB } from '../values/units.ts';
import { cacheEntry, readEntry, type CacheRecord } from './cache.ts';
import { parseChecksum } from './checksum.ts';
import { download, isUnchanged, type Download, type DownloadProgress } from './download.ts';
import { checkFormat, formatOfName, readHead } from './format.ts';
import { localImage } from './localImage.ts';
import { redactUrl } from './request.ts';
import { SharedWork } from './shared.ts';
import type { CachedFile, Checksum, ImageFormat } from './types.ts';

export type FetchOptions = {
  /** Made where missing. One conductor per folder. */
  readonly cacheDir: string;
  /** Folders below which `file://` images may lie. */
  readonly allowedFolders: readonly string[];
  /** A digest in hex (its length tells the algorithm), or with its algorithm. */
  readonly checksum?: string | Checksum | undefined;
  /** What the image was declared to be; by default what the name in the reference promises. */
  readonly expectedFormat?: ImageFormat | undefined;
  /** Larger images are refused; 1 TiB by default. */
  readonly maxBytes?: number;
  /** A connection on which nothing arrives for so long is given up; 60,000 by default. */
  readonly stallTimeoutMs?: number;
  /** The first pause before a broken download is tried again, doubled each time; 500 by default. */
  readonly retryDelayMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
};

type Fetch = FetchOptions & { readonly checksum: Checksum | undefined };
type Fetcher = (url: URL, options: Fetch) => Promise<CachedFile>;

/** URL scheme → how an image is fetched. */
const SCHEMES: Readonly<Record<string, Fetcher>> = {
  'file:': (url, options) => localImage(url, { ...options, signal: options.signal }),
  'http:': fetchHttp,
  'https:': fetchHttp,
};

/**
 * Brings a disk image onto local disk, as {@link fetchFile} does, and checks its first bytes.
 * @throws IronpxeError IMAGE_*
 */
export async function fetchImage(ref: string, options: FetchOptions): Promise<CachedFile> {
  const file = await fetchFile(ref, options);
  const name = basename(new URL(ref).pathname);
  const declared = options.expectedFormat ?? formatOfName(name);
  checkFormat(redactUrl(ref), await readHead(file.path), declared);
  return file;
}

/**
 * Brings any file (a kernel, a ramdisk) onto local disk and checks its digest. `http(s)://` goes
 * into the cache, where callers at the same time share one download; `file://` is used where it
 * lies.
 * @throws IronpxeError IMAGE_*
 */
export async function fetchFile(ref: string, options: FetchOptions): Promise<CachedFile> {
  const url = URL.parse(ref);
  const fetcher = SCHEMES[url?.protocol ?? ''];
  if (!url || !fetcher) throw unsupported(ref);
  const given = options.checksum;
  const checksum = given === undefined ? undefined : parseChecksum(given);
  return fetcher(url, { ...options, checksum });
}

function unsupported(ref: string): IronpxeError {
  const known = Object.keys(SCHEMES).map((scheme) => `${scheme}//`);
  return new IronpxeError(
    'IMAGE_SCHEME_UNSUPPORTED',
    `Image "${redactUrl(ref)}" is not of a kind that can be fetched, expected ${known.join(', ')}.`,
  );
}

const downloads = new SharedWork<CachedFile, DownloadProgress>();

async function fetchHttp(url: URL, options: Fetch): Promise<CachedFile> {
  const entry = cacheEntry(options.cacheDir, url.href, options.checksum);
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
    const job = { url: url.href, entry, checksum, maxBytes, stallTimeoutMs, retryDelayMs, signal };
    return hitOrDownload({ ...job, onProgress });
  };
  return downloads.join(entry.path, start, options);
}

async function hitOrDownload(job: Download): Promise<CachedFile> {
  const record = await readEntry(job.entry, job.signal);
  // A checksum names the content, so what has it needs no question to the server.
  const good = record && (job.checksum || (await isUnchanged(record, job)));
  if (record && good) return cached(job, record, 'cache');
  return cached(job, await download(job), 'download');
}

function cached(job: Download, record: CacheRecord, origin: 'cache' | 'download'): CachedFile {
  const { sizeBytes, sha256 } = record;
  return { path: job.entry.path, sizeBytes, sha256, origin };
}
