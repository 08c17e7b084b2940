import { stat } from 'node:fs/promises';
import { MIB } from '../values/units.ts';
import { digestFile, Digests } from './checksum.ts';
import { readJson, writeJson, type CacheEntry } from './cache.ts';
import { SparseFile } from './sparseFile.ts';
import type { Checksum, ChecksumAlgorithm } from './types.ts';

/** What the server said of the image version that a partial download is the beginning of. */
export type Version = {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
};

/** Beside the beginning of a download: its version, and how much of it is on stable storage. */
type PartialRecord = Version & { readonly syncedBytes: number };

const SYNC_EVERY_BYTES = 64 * MIB;

/** The beginning of a download: its bytes, their digests, and the version they belong to. */
export class PartialDownload implements AsyncDisposable {
  readonly #entry: CacheEntry;
  readonly #file: SparseFile;
  readonly #algorithms: readonly ChecksumAlgorithm[];
  #digests: Digests;
  #version: Version | undefined;
  #syncedBytes: number;

  private constructor(
    entry: CacheEntry,
    file: SparseFile,
    algorithms: readonly ChecksumAlgorithm[],
    digests: Digests,
    version: Version | undefined,
  ) {
    this.#entry = entry;
    this.#file = file;
    this.#algorithms = algorithms;
    this.#digests = digests;
    this.#version = version;
    this.#syncedBytes = file.sizeBytes;
  }

  /** Opens what an earlier try left, or an empty file. */
  static async open(
    entry: CacheEntry,
    checksum: Checksum | undefined,
    signal: AbortSignal,
  ): Promise<PartialDownload> {
    const version = await readJson<PartialRecord>(entry.partialRecordPath);
    const found = await stat(entry.partialPath).catch(() => undefined);
    // After a power cut the file may be longer than what of it was really stored.
    const usable = Math.min(version?.syncedBytes ?? 0, found?.size ?? 0);
    const algorithms = ['sha256' as const, ...(checksum ? [checksum.algorithm] : [])];
    const digests = new Digests(algorithms);
    const file = await SparseFile.open(entry.partialPath, usable);
    await digestFile(entry.partialPath, digests, signal);
    return new PartialDownload(entry, file, algorithms, digests, version);
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  get version(): Version | undefined {
    return this.#version;
  }

  digest(algorithm: ChecksumAlgorithm): string {
    return this.#digests.digest(algorithm);
  }

  /** Throws away what there is; the bytes to come belong to `version`. */
  async restart(version: Version): Promise<void> {
    await this.#file.clear();
    this.#digests = new Digests(this.#algorithms);
    this.#version = version;
    await this.sync();
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#digests.update(bytes);
    await this.#file.append(bytes);
    if (this.sizeBytes - this.#syncedBytes >= SYNC_EVERY_BYTES) await this.sync();
  }

  /** Puts the bytes on stable storage, for the end or for a later try to go on from. */
  async sync(): Promise<void> {
    await this.#file.sync();
    this.#syncedBytes = this.sizeBytes;
    const record: PartialRecord = {
      etag: this.#version?.etag,
      lastModified: this.#version?.lastModified,
      syncedBytes: this.#syncedBytes,
    };
    await writeJson(this.#entry.partialRecordPath, record);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }
}
