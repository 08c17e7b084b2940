import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { IronpxeError } from '../errors/error.ts';
import { formatBytes } from '../values/units.ts';
import {
  rememberVerified,
  removeEntry,
  writeJson,
  type CacheEntry,
  type CacheRecord,
} from './cache.ts';
import { expectChecksum } from './checksum.ts';
import { expectFreeSpace, explainNoSpace } from './freeSpace.ts';
import { PartialDownload, type Version } from './partial.ts';
import { type Access, redactUrl, requestImage, type ImageResponse } from './request.ts';
import type { Checksum } from './types.ts';

/** How far a download is; the total is unknown when the server does not tell. */
export type DownloadProgress = {
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
};

export type Download = {
  readonly url: string;
  readonly entry: CacheEntry;
  readonly checksum: Checksum | undefined;
  readonly maxBytes: number;
  readonly stallTimeoutMs: number;
  readonly retryDelayMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
  /** What each request must carry, for a server that wants to know who asks. */
  readonly access?: ((signal: AbortSignal) => Promise<Access>) | undefined;
  /** Removes from the cache what it can, for so many bytes more. */
  readonly makeRoom?: ((neededBytes: number) => Promise<unknown>) | undefined;
  /** The URL never shows other content, so a transfer may go on without a version to compare. */
  readonly immutable?: boolean | undefined;
};

const MAX_TRIES_WITHOUT_PROGRESS = 4;

/**
 * Downloads an image into the cache. A broken connection is made again and the transfer goes on
 * where it stopped (RFC 9110 §14.2 Range, §13.1.5 If-Range), also after a restart of the conductor.
 * @throws IronpxeError IMAGE_NOT_FOUND, IMAGE_DOWNLOAD_REFUSED, IMAGE_DOWNLOAD_FAILED,
 *   IMAGE_TOO_LARGE, IMAGE_CACHE_FULL, IMAGE_CHECKSUM_MISMATCH
 */
export async function download(job: Download): Promise<CacheRecord> {
  try {
    await using partial = await PartialDownload.open(job.entry, job.checksum, job.signal);
    await receiveAll(job, partial).catch(async (error: unknown) => {
      // What arrived is kept for the next try; the reason matters more than a failing sync.
      await partial.sync().catch(() => {});
      throw error;
    });
    return await finish(job, partial);
  } catch (error) {
    throw explainNoSpace(dirname(job.entry.path), error);
  }
}

async function receiveAll(job: Download, partial: PartialDownload): Promise<void> {
  for (let tries = 1; ; tries++) {
    const before = partial.sizeBytes;
    const error = await receive(job, partial).then(() => undefined, toError);
    if (error === undefined) return;
    job.signal.throwIfAborted();
    if (!isPassing(error)) throw error;
    if (partial.sizeBytes > before) tries = 0;
    if (tries >= MAX_TRIES_WITHOUT_PROGRESS) throw gaveUp(job, partial, error);
    await delay(job.retryDelayMs * 2 ** tries, undefined, { signal: job.signal });
  }
}

/** Whether trying again may help: network errors and the server's own trouble. */
function isPassing(error: Error): boolean {
  if (error instanceof IronpxeError) return error.code === 'IMAGE_DOWNLOAD_FAILED';
  return !('code' in error && error.code === 'ENOSPC');
}

function toError(reason: unknown): Error {
  if (!(reason instanceof Error)) return new Error(String(reason));
  // got's own errors hold the request, and with it what proves who asks.
  return 'options' in reason ? new Error(reason.message, { cause: reason.cause }) : reason;
}

function gaveUp(job: Download, partial: PartialDownload, error: Error): IronpxeError {
  const message =
    `Download of "${redactUrl(job.url)}" stopped at ${formatBytes(partial.sizeBytes)} ` +
    `after ${MAX_TRIES_WITHOUT_PROGRESS} tries: ${error.message}`;
  return new IronpxeError('IMAGE_DOWNLOAD_FAILED', message, { cause: error });
}

async function receive(job: Download, partial: PartialDownload): Promise<void> {
  const headers = rangeHeaders(partial, job.immutable ?? false);
  const access = await job.access?.(job.signal);
  const response = await requestImage(job.url, { ...job, headers, access });
  const totalBytes = await acceptResponse(job, partial, response);
  for await (const chunk of response.body) {
    await partial.append(chunk);
    expectSize(job, partial.sizeBytes);
    job.onProgress({ doneBytes: partial.sizeBytes, totalBytes });
  }
  await partial.sync();
  if (totalBytes === undefined || partial.sizeBytes === totalBytes) return;
  throw new IronpxeError(
    'IMAGE_DOWNLOAD_FAILED',
    `The server ended the transfer at ${partial.sizeBytes} bytes, expected ${totalBytes}.`,
  );
}

/** Asks for the rest only if the server can tell that the image is still the same version. */
function rangeHeaders(partial: PartialDownload, immutable: boolean): Record<string, string> {
  if (immutable && partial.sizeBytes > 0) return { range: `bytes=${partial.sizeBytes}-` };
  const { etag, lastModified } = partial.version ?? {};
  const strongTag = etag?.startsWith('W/') ? undefined : etag;
  const version = strongTag ?? lastModified;
  if (partial.sizeBytes === 0 || version === undefined) return {};
  return { range: `bytes=${partial.sizeBytes}-`, 'if-range': version };
}

/** Goes on behind the bytes there are, or starts again; returns the image's whole length. */
async function acceptResponse(
  job: Download,
  partial: PartialDownload,
  response: ImageResponse,
): Promise<number | undefined> {
  const { headers } = response;
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '');
  const continues = response.status === 206 && Number(range?.[1]) === partial.sizeBytes;
  if (!continues) await partial.restart(versionOf(response));
  if (!continues && response.status !== 200)
    throw new IronpxeError(
      'IMAGE_DOWNLOAD_FAILED',
      `"${redactUrl(job.url)}" answered a request for the rest with HTTP status ${response.status}.`,
    );
  const length = continues ? range?.[2] : headers['content-length'];
  if (length === undefined) return undefined;
  expectSize(job, Number(length));
  const neededBytes = Number(length) - partial.sizeBytes;
  await job.makeRoom?.(neededBytes);
  await expectFreeSpace(dirname(job.entry.path), neededBytes);
  return Number(length);
}

function versionOf(response: ImageResponse): Version {
  const { etag, 'last-modified': lastModified } = response.headers;
  return { etag, lastModified };
}

function expectSize(job: Download, sizeBytes: number): void {
  if (sizeBytes <= job.maxBytes) return;
  throw new IronpxeError(
    'IMAGE_TOO_LARGE',
    `Image "${redactUrl(job.url)}" has ${formatBytes(sizeBytes)} or more, expected at most ` +
      `${formatBytes(job.maxBytes)}.`,
  );
}

async function finish(job: Download, partial: PartialDownload): Promise<CacheRecord> {
  const { entry, checksum } = job;
  try {
    if (checksum) expectChecksum(redactUrl(job.url), partial.digest(checksum.algorithm), checksum);
  } catch (error) {
    await rm(entry.partialRecordPath, { force: true });
    await rm(entry.partialPath, { force: true });
    throw error;
  }
  const record: CacheRecord = {
    sizeBytes: partial.sizeBytes,
    sha256: partial.digest('sha256'),
    etag: partial.version?.etag,
    lastModified: partial.version?.lastModified,
  };
  await removeEntry(entry);
  await rename(entry.partialPath, entry.path);
  await writeJson(entry.recordPath, record);
  await rm(entry.partialRecordPath, { force: true });
  await rememberVerified(entry.path);
  return record;
}

/**
 * Whether the server still has the version that is in the cache, by ETag or Last-Modified.
 * @throws IronpxeError as {@link download} does
 */
export async function isUnchanged(
  record: CacheRecord,
  job: Pick<Download, 'url' | 'signal' | 'stallTimeoutMs'>,
): Promise<boolean> {
  const headers: Record<string, string> = {};
  if (record.etag) headers['if-none-match'] = record.etag;
  else if (record.lastModified) headers['if-modified-since'] = record.lastModified;
  else return false;
  const controller = new AbortController();
  const signal = AbortSignal.any([job.signal, controller.signal]);
  try {
    const response = await requestImage(job.url, { ...job, headers, signal });
    return response.status === 304;
  } catch (error) {
    job.signal.throwIfAborted();
    if (error instanceof IronpxeError) throw error;
    const message = `"${redactUrl(job.url)}" cannot be asked whether the image changed.`;
    throw new IronpxeError('IMAGE_DOWNLOAD_FAILED', message, { cause: error });
  } finally {
    controller.abort();
  }
}
