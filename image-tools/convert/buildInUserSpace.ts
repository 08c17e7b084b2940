import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { needsAppliance } from '../filesystems/tree.ts';
import type { Part } from '../inspect/layout.ts';
import { findSystem } from '../inspect/system.ts';
import { openInUserSpace, type Patch } from '../userSpace/access.ts';
import type { ByteRange } from '../values/bytes.ts';
import { bothSettled } from './bothSettled.ts';
import type { Built, BuildTarget } from './built.ts';
import { candidateParts, extractPart } from './candidates.ts';
import { changeInPlace } from './changeInPlace.ts';
import { factsOf, hashChanged, hashData, type HashedExtent } from './checksums.ts';
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
  const [found, guessed] = await bothSettled(
    lookAndChange(look, target, options),
    copyPart(look, guess, rootPath, options),
  );
  const { changes, patches, system } = found;
  const { part } = system.root;
  const copied = part === guess ? guessed : await copyPart(look, part, rootPath, options);
  await applyPatches(rootPath, patches);
  onEvent?.({ kind: 'changes', changes });
  const hashed = await hashChanged(rootPath, copied, patches.map(rangeOf), options.signal);
  return { ...found, layout: look.layout, rootPath, rootBytes: part.sizeBytes, hashed };
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

/** Its data is hashed at once, while the ramdisk is looked into; few bytes of it change later. */
async function copyPart(
  look: DiskLook,
  part: Part,
  path: string,
  options: DecidedOptions,
): Promise<HashedExtent[]> {
  const { signal, onEvent } = options;
  const onProgress = (done: number) => onEvent?.({ kind: 'progress', stage: 'extract', done });
  await extractPart(look, part, path, { signal, onProgress, copies: copiesAtOnce(options) });
  return hashData(path, signal);
}

function rangeOf({ offsetBytes, bytes }: Patch): ByteRange {
  return { offsetBytes, sizeBytes: bytes.length };
}

async function applyPatches(path: string, patches: readonly Patch[]): Promise<void> {
  await using file = await open(path, 'r+');
  for (const { offsetBytes, bytes } of patches)
    await file.write(bytes, 0, bytes.length, offsetBytes);
}
