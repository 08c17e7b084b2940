import { posix } from 'node:path';
import type { BootEntry } from '../bootEntries/entry.ts';
import { ImageToolError } from '../errors/error.ts';
import { resolveLinks } from '../filesystems/resolve.ts';
import type { FoundBoot } from './boot.ts';

export type KernelFiles = { readonly kernel: string; readonly ramdisks: readonly string[] };

/** Finds the files that a boot entry names. @throws ImageToolError NO_KERNEL */
export async function findKernelFiles(boot: FoundBoot, entry: BootEntry): Promise<KernelFiles> {
  // Fedora writes "initrd /initramfs… $tuned_initrd"; variables of GRUB name nothing here.
  const initrds = entry.initrds.filter((path) => !path.startsWith('$'));
  if (initrds.length === 0)
    throw new ImageToolError('NO_KERNEL', `The boot entry "${entry.title}" names no ramdisk.`);
  const ramdisks: string[] = [];
  for (const path of initrds) ramdisks.push(await findFile(boot, path));
  return { kernel: await findFile(boot, entry.linux), ramdisks };
}

/** Paths count from the partition of /boot, with or without /boot in front. */
async function findFile(boot: FoundBoot, written: string): Promise<string> {
  const path = posix.join('/', written);
  const without = path.replace(/^\/boot(?=\/)/, '');
  const tries = boot.base === '/' ? [without, path] : [posix.join('/boot', without), path];
  for (const each of tries) {
    const resolved = await resolveLinks(boot.files, each);
    if (resolved !== undefined && (await boot.files.kind(resolved)) === 'file') return resolved;
  }
  throw new ImageToolError(
    'NO_KERNEL',
    `The boot entry names ${written}, but ${boot.files.name} holds no such file.`,
  );
}
