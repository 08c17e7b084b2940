import { rename } from 'node:fs/promises';
import { ImageToolError } from '../errors/error.ts';
import { bothSettled } from './bothSettled.ts';
import { factsOf, hashExtents, hashWhole, rangesOf, type Checksums } from './checksums.ts';
import { HashThreads } from './hashThread.ts';
import { wholeFile } from './finishBase.ts';
import type { BaseFile, Manifest, OutputFile } from './manifest.ts';
import type { ConvertResult, DecidedOptions } from './types.ts';
import { partialPaths, writeManifest, type OutputPaths, type WorkFolder } from './workFolder.ts';

/**
 * The result of a run that finds its outputs made. Checksums that they lack are added; what is known
 * already is compared meanwhile, so that no damage since the conversion gets a checksum of its own.
 * @throws ImageToolError OUTPUT_CHANGED
 */
export async function completeChecksums(
  manifest: Manifest,
  outputs: OutputPaths,
  work: WorkFolder,
  options: DecidedOptions,
): Promise<ConvertResult> {
  if (!lacks(manifest, options))
    return { unchanged: true, addedChecksums: false, outputs, manifest };
  options.onEvent?.({ kind: 'stage', stage: 'hash' });
  const complete = {
    ...manifest,
    kernel: await hashAgain(outputs.kernel, manifest.kernel, options),
    ramdisk: await hashAgain(outputs.ramdisk, manifest.ramdisk, options),
    base: await hashBaseAgain(outputs.base, manifest.base, options),
  };
  const partial = partialPaths(work).manifest;
  await writeManifest(partial, complete);
  await rename(partial, outputs.manifest);
  return { unchanged: true, addedChecksums: true, outputs, manifest: complete };
}

function lacks({ kernel, ramdisk, base }: Manifest, { checksums }: DecidedOptions): boolean {
  if (checksums === 'data') return false;
  return [kernel, ramdisk, base].some((file) => file[checksums] === undefined);
}

async function hashAgain(
  path: string,
  file: OutputFile,
  { checksums }: DecidedOptions,
): Promise<OutputFile> {
  const { sha256, md5 } = await factsOf(path, checksums);
  return withSums(path, file, { sha256, ...(md5 !== undefined && { md5 }) });
}

async function hashBaseAgain(
  path: string,
  base: BaseFile,
  options: DecidedOptions,
): Promise<BaseFile> {
  const { checksums, signal } = options;
  if (base.format !== 'raw')
    return withSums(path, base, await hashWhole(await wholeFile(path), checksums, signal));
  const extents = rangesOf(base.extents);
  // Of the extents, with zeros between them: what was written, whatever a hole may hold by now.
  const job = { path, sizeBytes: base.sizeBytes, extents };
  await using threads = new HashThreads();
  const [hashed, sums] = await bothSettled(
    hashExtents(job, threads, signal),
    hashWhole(job, checksums, signal),
  );
  const changed = hashed.findIndex(([, , sha256], index) => sha256 !== base.extents[index]?.[2]);
  const [offsetBytes, sizeBytes] = base.extents[changed] ?? [];
  if (changed >= 0) throw outputChanged(path, `${sizeBytes} bytes from byte ${offsetBytes} on`);
  return withSums(path, base, sums);
}

function withSums<F extends OutputFile>(path: string, file: F, sums: Checksums): F {
  for (const name of ['sha256', 'md5'] as const)
    if (file[name] !== undefined && sums[name] !== undefined && file[name] !== sums[name])
      throw outputChanged(path, `${name} ${sums[name]}, expected ${file[name]}`);
  return { ...file, ...sums };
}

function outputChanged(path: string, what: string): ImageToolError {
  return new ImageToolError(
    'OUTPUT_CHANGED',
    `${path} is no longer what the conversion wrote: ${what}.`,
  );
}
