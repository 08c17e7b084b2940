import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { needsAppliance } from '../filesystems/tree.ts';
import type { Part } from '../inspect/layout.ts';
import { findSystem, type FoundSystem } from '../inspect/system.ts';
import { openInUserSpace, type Patch } from '../userSpace/access.ts';
import { bothSettled } from './bothSettled.ts';
import type { Built, BuildTarget } from './built.ts';
import { candidateParts, extractPart } from './candidates.ts';
import { carryInRamdisk, removeBootInPlace } from './changeInPlace.ts';
import { factsOf, hashData } from './checksums.ts';
import { copyKernel } from './copyKernel.ts';
import type { Change } from './edits.ts';
import { HashThreads } from './hashThread.ts';
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
  const looking = lookInside(look, options);
  const [root, boot] = await bothSettled(
    copyRoot(look, looking, target, options),
    looking.then(({ system }) => copyBoot(system, target, options)),
  );
  const { system, removed } = await looking;
  const changes = [...removed, ...boot.carried];
  onEvent?.({ kind: 'changes', changes });
  const { kernel, ramdisk } = boot;
  return { ...root, layout: look.layout, system, changes, kernel, ramdisk };
}

type Look = {
  readonly system: FoundSystem;
  readonly removed: readonly Change[];
  readonly patches: readonly Patch[];
};

/** Finds the system, and what is to be written over in its root. */
async function lookInside({ disk, layout }: DiskLook, options: DecidedOptions): Promise<Look> {
  const access = await openInUserSpace(disk, candidateParts(layout));
  const system = await findSystem(access.mounted, options);
  options.onEvent?.({ kind: 'system', system });
  const removed = await removeBootInPlace(access.replaceBytes(system.root), system);
  return { system, removed, patches: access.patches };
}

/** Copies kernel and ramdisk out, which takes about as long as copying the root. */
async function copyBoot(system: FoundSystem, target: BuildTarget, options: DecidedOptions) {
  await copyKernel(system, target);
  const [carried, kernel] = await Promise.all([
    carryInRamdisk(system, target.ramdisk),
    factsOf(target.kernel, options.checksums),
  ]);
  return { carried, kernel, ramdisk: await factsOf(target.ramdisk, options.checksums) };
}

/** Copies the root, writes over what is to be changed there, and hashes it. */
async function copyRoot(
  look: DiskLook,
  looking: Promise<Look>,
  { workDir }: BuildTarget,
  options: DecidedOptions,
) {
  const rootPath = join(workDir, 'root');
  await using threads = new HashThreads();
  const guess = likelyRoot(candidateParts(look.layout));
  const [{ system, patches }] = await bothSettled(
    looking,
    copyPart(look, guess, rootPath, options),
  );
  const { part } = system.root;
  if (part !== guess) await copyPart(look, part, rootPath, options);
  await applyPatches(rootPath, patches);
  const data = await hashData(rootPath, threads, options.signal);
  return { rootPath, rootBytes: part.sizeBytes, data };
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
