import { resolve } from 'node:path';
import { checkWhole } from '../source/check.ts';
import { openSource, type Source } from '../source/source.ts';
import { buildInAppliance } from './buildInAppliance.ts';
import { buildInUserSpace } from './buildInUserSpace.ts';
import { completeChecksums } from './completeChecksums.ts';
import { existingManifest } from './existing.ts';
import { finishBase } from './finishBase.ts';
import { conversionKey } from './key.ts';
import { lookAtDisk } from './lookAtDisk.ts';
import { makeManifest } from './makeManifest.ts';
import { explainFull } from './space.ts';
import type { ConvertOptions, ConvertResult, DecidedOptions } from './types.ts';
import {
  openWorkFolder,
  outputPaths,
  partialPaths,
  publish,
  writeManifest,
  type WorkFolder,
} from './workFolder.ts';

/**
 * Turns a disk image into what a netboot needs: NAME-kernel, NAME-ramdisk, NAME-base (the root's
 * partition) and NAME.json. The image is only read. The outputs appear together at the end, or not
 * at all; when they are there already, from the same input and options, nothing is done.
 * @throws ImageToolError any code of the table but USAGE; the signal's reason
 */
export async function convert(wishes: ConvertOptions): Promise<ConvertResult> {
  const options = decide(wishes);
  const folder = resolve(options.outputDir);
  const outputs = outputPaths(folder, options.name);
  options.onEvent?.({ kind: 'stage', stage: 'check' });
  const source = await openSource(resolve(options.image));
  const key = await conversionKey(source, shaping(options));
  const explain = async (error: unknown) => {
    throw await explainFull(folder, error);
  };
  await using work = await openWorkFolder(folder, options.name).catch(explain);
  const there = options.force ? undefined : await existingManifest(outputs, key);
  // Explained before the work folder goes, and with it what fills the disk.
  return await (
    there
      ? completeChecksums(there, outputs, work, options)
      : convertInto(work, source, key, options)
  ).catch(explain);
}

/** The options that shape the outputs, for the key. */
function shaping(options: ConvertOptions) {
  const { deployment = 0, root, format = 'raw', compress = false, shrink = false } = options;
  const { appliance = true, edits = [] } = options;
  return { deployment, root, format, compress, shrink, appliance, edits };
}

/** By default, the hashing costs by the data of the root and never by its size. */
function decide(options: ConvertOptions): DecidedOptions {
  const { checksums = options.format === 'qcow2' ? 'sha256' : 'data' } = options;
  return { ...options, checksums };
}

async function convertInto(
  work: WorkFolder,
  source: Source,
  key: string,
  options: DecidedOptions,
): Promise<ConvertResult> {
  const partial = partialPaths(work);
  const outputs = outputPaths(resolve(options.outputDir), options.name);
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  const built = await together(failed, [
    checkWhole(source, signal),
    build(source, partial.kernel, partial.ramdisk, work.path, { ...options, signal }),
  ]);
  const base = await finishBase(built, partial.base, options);
  const manifest = makeManifest({ ...built, key, source, outputs, base }, options);
  await writeManifest(partial.manifest, manifest);
  options.signal?.throwIfAborted();
  await publish(partial, outputs);
  return { unchanged: false, addedChecksums: false, outputs, manifest };
}

/** Runs a check beside the work that it may stop; both have ended when this ends. */
async function together<T>(
  failed: AbortController,
  [check, work]: [Promise<void>, Promise<T>],
): Promise<T> {
  const guarded = [check, work].map((each) =>
    each.catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(guarded);
  failed.signal.throwIfAborted();
  return work;
}

async function build(
  source: Source,
  kernel: string,
  ramdisk: string,
  workDir: string,
  options: DecidedOptions,
) {
  await using look = await lookAtDisk(source, options);
  const target = { kernel, ramdisk, workDir };
  return options.appliance === false
    ? await buildInUserSpace(look, target, options)
    : await buildInAppliance(look, target, options);
}
