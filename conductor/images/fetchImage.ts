import { basename } from 'node:path';
import { IronpxeError } from '../errors/error.ts';
import type { Glance } from '../openstack/glance.ts';
import { cachedDownload } from './cachedDownload.ts';
import { parseChecksum } from './checksum.ts';
import type { DownloadProgress } from './download.ts';
import { checkFormat, formatOfName, readHead } from './format.ts';
import { canonicalRef, fetchFromGlance } from './glance.ts';
import { localImage } from './localImage.ts';
import { redactUrl } from './request.ts';
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
  /** Where `glance://` images are; without it there are none. */
  readonly glance?: Glance | undefined;
  /** Removes from the cache what it can, for so many bytes more. */
  readonly makeRoom?: ((neededBytes: number) => Promise<unknown>) | undefined;
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
  'glance:': fetchFromGlance,
};

/**
 * Brings a disk image onto local disk, as {@link fetchFile} does, and checks its first bytes.
 * @throws IronpxeError IMAGE_*
 */
export async function fetchImage(ref: string, options: FetchOptions): Promise<CachedFile> {
  const file = await fetchFile(ref, options);
  const name = basename(new URL(canonicalRef(ref)).pathname);
  const declared = options.expectedFormat ?? formatOfName(name);
  checkFormat(redactUrl(ref), await readHead(file.path), declared);
  return file;
}

/**
 * Brings any file (a kernel, a ramdisk) onto local disk and checks its digest. `http(s)://` and
 * `glance://` (or a bare UUID) go into the cache, where callers at the same time share one
 * download; `file://` is used where it lies.
 * @throws IronpxeError IMAGE_*
 */
export async function fetchFile(ref: string, options: FetchOptions): Promise<CachedFile> {
  const url = URL.parse(canonicalRef(ref));
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

async function fetchHttp(url: URL, options: Fetch): Promise<CachedFile> {
  return cachedDownload(url.href, options);
}
