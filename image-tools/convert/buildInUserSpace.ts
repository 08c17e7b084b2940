import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { needsAppliance } from '../filesystems/tree.ts';
import type { Part } from '../inspect/layout.ts';
import { findSystem } from '../inspect/system.ts';
import { openInUserSpace, type Patch } from '../userSpace/access.ts';
import { bothSettled } from './bothSettled.ts';
import type { Built, BuildTarget } from './built.ts';
import { candidateParts, extractPart } from './candidates.ts';
import { changeInPlace } from './changeInPlace.ts';
import { factsOf } from './checksums.ts';
import { copyKernel } from './copyKernel.ts';
import type { DiskLook } from './lookAtDisk.ts';
import { copiesAtOnce } from './space.ts';
import type { DecidedOptions } from './types.ts';

/**
 * Looks into the image itself, without the appliance, while the root is copied out of it; what is to
 * be changed is then written over in the copy.
 * @throws ImageToolError APPLIANCE_NEEDED for all that is not provably safe; as findSystem
 */
export async function buildInUserSpace(
  look: DiskLook,
  target: BuildTarget,
  options: DecidedOptions,
): Promise<Built> {
  const { onEvent } = options;
  if (options.shrink) throw needsAppliance('--shrink makes a new file system');
  if (options.edits?.length) throw needsAppliance('--edit may add files to a file system');
  onEvent?.({ kind: 'stage', stage: 'extract' });
  const rootPath = join(target.workDir, 'root');
  const guess = likelyRoot(candidateParts(look.layout));
  const [found] = await bothSettled(
    lookAndChange(look, target, options),
    copyPart(look, guess, rootPath, options),
  );
  const { part } = found.system.root;
  if (part !== guess) await copyPart(look, part, rootPath, options);
  await applyPatches(rootPath, found.patches);
  onEvent?.({ kind: 'changes', changes: found.changes });
  return { ...found, layout: look.layout, rootPath, rootBytes: part.sizeBytes };
}

/** Copying begins before the system is found: the root is nearly always LVM, or else the largest. */
function likelyRoot(parts: readonly Part[]): Part {
  const [first] = parts.toSorted(
    (a, b) =>
      Number(b.content === 'lvm') - Number(a.content === 'lvm') || b.sizeBytes - a.sizeBytes,
  );
  if (!first) throw new Error('there is no partition to choose from');
  return first;
}

async function lookAndChange(look: DiskLook, target: BuildTarget, options: DecidedOptions) {
  const access = await openInUserSpace(look.disk, candidateParts(look.layout));
  const system = await findSystem(access.mounted, options);
  options.onEvent?.({ kind: 'system', system });
  await copyKernel(system, target);
  const [changes, kernel] = await Promise.all([
    changeInPlace(access.replaceBytes(system.root), system, target.ramdisk),
    factsOf(target.kernel, options.checksums),
  ]);
  const ramdisk = await factsOf(target.ramdisk, options.checksums);
  return { system, changes, kernel, ramdisk, patches: access.patches };
}

async function copyPart(
  look: DiskLook,
  part: Part,
  path: string,
  options: DecidedOptions,
): Promise<void> {
  const { signal, onEvent } = options;
  const onProgress = (done: number) => onEvent?.({ kind: 'progress', stage: 'extract', done });
  await extractPart(look, part, path, { signal, onProgress, copies: copiesAtOnce(options) });
}

async function applyPatches(path: string, patches: readonly Patch[]): Promise<void> {
  await using file = await open(path, 'r+');
  for (const { offsetBytes, bytes } of patches)
    await file.write(bytes, 0, bytes.length, offsetBytes);
}
