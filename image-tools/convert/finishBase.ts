import { chmod, rename, rm, stat } from 'node:fs/promises';
import type { Built } from './built.ts';
import {
  hashWhole,
  rangesOf,
  type Checksums,
  type HashedExtent,
  type SparseFile,
} from './checksums.ts';
import { qemuImg } from './extract.ts';
import type { DecidedOptions } from './types.ts';

/** The root in its wished format. */
export type FinishedBase = Checksums & {
  readonly sizeBytes: number;
  readonly extents: readonly HashedExtent[];
};

/** Brings the changed root into its wished format at `target`, with the checksums of that file. */
export async function finishBase(
  built: Built,
  target: string,
  options: DecidedOptions,
): Promise<FinishedBase> {
  const { rootPath, data } = built;
  const { format = 'raw' } = options;
  const sums = await (format === 'raw' ? hashRaw(built, options) : pack(rootPath, target, options));
  await (format === 'raw' ? rename(rootPath, target) : rm(rootPath));
  await chmod(target, 0o644);
  const { size } = await stat(target);
  return { sizeBytes: size, ...sums, extents: data };
}

async function hashRaw(
  { rootPath, rootBytes, data }: Built,
  options: DecidedOptions,
): Promise<Checksums> {
  options.onEvent?.({ kind: 'stage', stage: 'hash' });
  const job = { path: rootPath, sizeBytes: rootBytes, extents: rangesOf(data) };
  return hashWhole(job, options.checksums, options.signal);
}

async function pack(from: string, target: string, options: DecidedOptions): Promise<Checksums> {
  const { signal, onEvent, compress = false } = options;
  onEvent?.({ kind: 'stage', stage: 'pack' });
  const how = compress ? ['-c'] : [];
  await qemuImg(['convert', '-p', '-f', 'raw', '-O', 'qcow2', ...how, from, target], {
    signal,
    onProgress: (done) => onEvent?.({ kind: 'progress', stage: 'pack', done }),
  });
  onEvent?.({ kind: 'stage', stage: 'hash' });
  return hashWhole(await wholeFile(target), options.checksums, signal);
}

/** A file without holes. */
export async function wholeFile(path: string): Promise<SparseFile> {
  const { size } = await stat(path);
  return { path, sizeBytes: size, extents: [{ offsetBytes: 0, sizeBytes: size }] };
}
