import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import { lockOutput } from './lock.ts';
import type { Manifest } from './manifest.ts';

/** The four files of one conversion. */
export type OutputPaths = {
  readonly kernel: string;
  readonly ramdisk: string;
  readonly base: string;
  readonly manifest: string;
};

/** Absolute paths of the outputs called `name` in `folder`. */
export function outputPaths(folder: string, name: string): OutputPaths {
  return {
    kernel: join(folder, `${name}-kernel`),
    ramdisk: join(folder, `${name}-ramdisk`),
    base: join(folder, `${name}-base`),
    manifest: join(folder, `${name}.json`),
  };
}

/** A folder beside the outputs for all that is not yet whole; it goes when disposed. */
export type WorkFolder = AsyncDisposable & { readonly path: string };

/**
 * Locks the outputs called `name` and makes their work folder, without what a killed run left.
 * @throws ImageToolError OUTPUT_BUSY, OUTPUT_UNWRITABLE
 */
export async function openWorkFolder(folder: string, name: string): Promise<WorkFolder> {
  await makeFolder(folder);
  const path = join(folder, `.${name}.partial`);
  const stack = new AsyncDisposableStack();
  stack.use(await lockOutput(join(folder, `.${name}.lock`)));
  stack.defer(() => rm(path, { recursive: true, force: true }));
  try {
    await rm(path, { recursive: true, force: true });
    await mkdir(path);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
  return { path, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new ImageToolError('OUTPUT_UNWRITABLE', `${folder} cannot be made: ${String(error)}`, {
      cause: error,
    });
  }
}

/**
 * Puts the finished files in their places, the manifest last: while there is a manifest, it
 * belongs to the files beside it.
 */
export async function publish(finished: OutputPaths, outputs: OutputPaths): Promise<void> {
  await rm(outputs.manifest, { force: true });
  for (const part of ['kernel', 'ramdisk', 'base', 'manifest'] as const)
    await rename(finished[part], outputs[part]);
}

/** Writes NAME.json. */
export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  await writeFile(path, `${JSON.stringify(manifest, null, 1)}\n`);
}

/** Where the outputs grow before {@link publish}. */
export function partialPaths(work: WorkFolder): OutputPaths {
  return outputPaths(work.path, 'partial');
}

/** The folder that holds a set of outputs. */
export function folderOf(outputs: OutputPaths): string {
  return dirname(outputs.manifest);
}
