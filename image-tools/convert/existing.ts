import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import { MANIFEST_FORMAT, type Manifest } from './manifest.ts';
import type { OutputPaths } from './workFolder.ts';

/**
 * The manifest of outputs that need not be made again; undefined when there are none yet.
 * @throws ImageToolError OUTPUT_EXISTS when files stand there that came from something else
 */
export async function existingManifest(
  outputs: OutputPaths,
  key: string,
): Promise<Manifest | undefined> {
  const there = await presentOutputs(outputs);
  if (there.length === 0) return undefined;
  const manifest = await readManifest(outputs.manifest);
  if (manifest?.key === key && (await isWhole(outputs, manifest))) return manifest;
  throw new ImageToolError(
    'OUTPUT_EXISTS',
    `${there.map((path) => basename(path)).join(', ')} are there already, made from another image or with other options.`,
  );
}

async function presentOutputs(outputs: OutputPaths): Promise<string[]> {
  const paths = [outputs.kernel, outputs.ramdisk, outputs.base, outputs.manifest];
  const sizes = await Promise.all(paths.map(sizeOf));
  return paths.filter((_, index) => sizes[index] !== undefined);
}

async function readManifest(path: string): Promise<Manifest | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const manifest = JSON.parse(text) as Manifest;
    return manifest.format === MANIFEST_FORMAT ? manifest : undefined;
  } catch {
    return undefined;
  }
}

async function isWhole(outputs: OutputPaths, manifest: Manifest): Promise<boolean> {
  for (const part of ['kernel', 'ramdisk', 'base'] as const)
    if ((await sizeOf(outputs[part])) !== manifest[part].sizeBytes) return false;
  return true;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
