import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findKernelFiles } from '../inspect/kernelFiles.ts';
import type { FoundSystem } from '../inspect/system.ts';
import type { BuildTarget } from './built.ts';

/** Copies a file of /boot, by its path there, to a path of the host. */
export type CopyOut = (path: string, hostPath: string) => Promise<void>;

/**
 * Copies kernel and ramdisk out of /boot. Several ramdisks (microcode first) become one: the kernel
 * unpacks them in their order. @throws ImageToolError NO_KERNEL
 */
export async function copyKernel(
  system: FoundSystem,
  target: BuildTarget,
  copyOut: CopyOut = (path, hostPath) => system.boot.files.download(path, hostPath),
): Promise<void> {
  const { kernel, ramdisks } = await findKernelFiles(system.boot, system.entry);
  await copyOut(kernel, target.kernel);
  const [first = '', ...more] = ramdisks;
  await copyOut(first, target.ramdisk);
  for (const path of more) {
    const next = join(target.workDir, 'next-ramdisk');
    await copyOut(path, next);
    await appendFile(target.ramdisk, await readFile(next));
    await rm(next);
  }
}
