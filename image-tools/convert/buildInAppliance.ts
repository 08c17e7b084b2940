import { chown, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDir } from '../guestfish/cache.ts';
import { openInAppliance } from '../guestfish/guestAccess.ts';
import type { ExtractedPart, GuestAccess, Shrunk } from '../inspect/access.ts';
import { findSystem, type FoundSystem } from '../inspect/system.ts';
import { copyWithoutAppliance } from '../userSpace/fastCopy.ts';
import { bothSettled } from './bothSettled.ts';
import type { Built, BuildTarget } from './built.ts';
import { extractCandidates } from './candidates.ts';
import { changeRoot } from './changeRoot.ts';
import { factsOf, hashData } from './checksums.ts';
import { copyKernel, type CopyOut } from './copyKernel.ts';
import { HashThreads } from './hashThread.ts';
import type { DiskLook } from './lookAtDisk.ts';
import { copiesAtOnce } from './space.ts';
import type { ConvertOptions, DecidedOptions } from './types.ts';

/**
 * Copies the partitions out of the image and works on the copies in one session of the appliance:
 * finds the system, copies kernel and ramdisk out, changes the root.
 * @throws ImageToolError as extractCandidates, openInAppliance, findSystem, changeRoot
 */
export async function buildInAppliance(
  look: DiskLook,
  target: BuildTarget,
  options: DecidedOptions,
): Promise<Built> {
  const { signal, onEvent } = options;
  onEvent?.({ kind: 'stage', stage: 'extract' });
  const parts = await extractCandidates(look, target.workDir, {
    signal,
    copies: copiesAtOnce(options),
    onProgress: (done) => onEvent?.({ kind: 'progress', stage: 'extract', done }),
  });
  onEvent?.({ kind: 'stage', stage: 'look' });
  await using access = await openAppliance(parts, target.workDir, options);
  const system = await findSystem(access.mounted, options);
  onEvent?.({ kind: 'system', system });
  await copyKernel(system, target, fastCopy(look, access, system));
  onEvent?.({ kind: 'stage', stage: 'edit' });
  const changes = await changeRoot(access.editable(system.root), system, options.edits ?? []);
  onEvent?.({ kind: 'changes', changes });
  const shrunk = options.shrink ? await shrink(access, system, options) : undefined;
  const rootPath = rootFile(parts, system, shrunk, target.workDir);
  const rootBytes = shrunk?.sizeBytes ?? system.root.part.sizeBytes;
  await using threads = new HashThreads();
  await access.settle();
  await truncate(rootPath, rootBytes);
  const hashing = bothSettled(factsOfBoth(target, options), hashData(rootPath, threads, signal));
  const [[[kernel, ramdisk], data]] = await bothSettled(hashing, access.close());
  await takeBack([rootPath, target.kernel, target.ramdisk]);
  return { layout: look.layout, system, changes, rootPath, rootBytes, kernel, ramdisk, data };
}

async function factsOfBoth(target: BuildTarget, { checksums }: DecidedOptions) {
  return [
    await factsOf(target.kernel, checksums),
    await factsOf(target.ramdisk, checksums),
  ] as const;
}

/** The appliance hands files out slowly; where user space can read /boot, it copies them. */
function fastCopy({ disk }: DiskLook, access: GuestAccess, { boot }: FoundSystem): CopyOut {
  const mounted = access.mounted.find(({ files }) => files === boot.files);
  return async (path, hostPath) => {
    if (mounted && (await copyWithoutAppliance(disk, mounted, path, hostPath))) return;
    await boot.files.download(path, hostPath);
  };
}

/** Opens the extracted partitions in the appliance, with a spare disk where one is needed. */
export async function openAppliance(
  parts: readonly ExtractedPart[],
  workDir: string,
  options: ConvertOptions,
): Promise<GuestAccess> {
  const { cacheDir = defaultCacheDir(), outputDir, name, signal } = options;
  const logPath = join(outputDir, `${name}-libguestfs.log`);
  const spare = options.shrink ? await makeSpare(parts, workDir) : undefined;
  return openInAppliance(parts, { workDir, cacheDir, logPath, signal, sparePath: spare });
}

function sparePath(workDir: string): string {
  return join(workDir, 'spare');
}

/** An empty sparse file, as large as the largest part. */
async function makeSpare(parts: readonly ExtractedPart[], workDir: string): Promise<string> {
  const path = sparePath(workDir);
  await using file = await open(path, 'w');
  await file.truncate(Math.max(...parts.map(({ part }) => part.sizeBytes)));
  return path;
}

function shrink(
  access: GuestAccess,
  system: FoundSystem,
  options: ConvertOptions,
): Promise<Shrunk> {
  options.onEvent?.({ kind: 'stage', stage: 'shrink' });
  return access.shrink(system.root);
}

function rootFile(
  parts: readonly ExtractedPart[],
  system: FoundSystem,
  shrunk: Shrunk | undefined,
  workDir: string,
): string {
  if (shrunk?.disk === 'spare') return sparePath(workDir);
  const found = parts.find(({ part }) => part === system.root.part);
  if (!found) throw new Error('the root is on no extracted partition');
  return found.path;
}

/** What the appliance's user owned becomes this user's. */
async function takeBack(paths: readonly string[]): Promise<void> {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (uid !== 0 || gid === undefined) return;
  for (const path of paths) await chown(path, uid, gid);
}
