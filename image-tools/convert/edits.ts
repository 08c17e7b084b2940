import { posix } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import type { EditableFiles } from '../filesystems/files.ts';
import type { FoundSystem } from '../inspect/system.ts';
import { withoutBoot } from '../root/fstab.ts';

/** What was changed in the root, for the report and the manifest. */
export type Change = { readonly path: string; readonly what: string };

/** Takes the lines of /boot and /boot/efi out of every fstab that the machine may use. */
export async function removeBootMounts(
  files: EditableFiles,
  fstabs: readonly string[],
): Promise<Change[]> {
  const changes: Change[] = [];
  for (const path of fstabs) {
    const { text, removed } = withoutBoot(await files.readText(path));
    if (removed.length === 0) continue;
    await files.writeText(path, text);
    changes.push(...removed.map((line) => ({ path, what: `removed "${line}"` })));
  }
  return changes;
}

/**
 * Copies the loader folder of an ostree host into the root's own /boot: without it the deployed
 * host cannot tell what it booted, and `ostree admin status` fails.
 */
export async function carryLoader(files: EditableFiles, system: FoundSystem): Promise<Change[]> {
  const { boot, deployment } = system;
  if (!deployment || boot.base !== '/' || boot.from !== 'loader entries') return [];
  if ((await files.kind('/boot/loader')) !== undefined) return [];
  if ((await files.kind('/boot')) === undefined) await files.makeFolder('/boot');
  const folder = await loaderFolder(system);
  const target = posix.join('/boot', folder);
  if ((await files.kind(target)) === undefined) await files.copyFolder(boot.files, folder, target);
  if (folder !== '/loader') await files.makeSymlink(posix.basename(folder), '/boot/loader');
  return [{ path: '/boot/loader', what: `carried over from ${boot.files.name}` }];
}

/** `/loader`, or what it links to, which ostree calls `loader.0` or `loader.1`. */
export async function loaderFolder({ boot }: FoundSystem): Promise<string> {
  if ((await boot.files.kind('/loader')) !== 'symlink') return '/loader';
  const target = await boot.files.readLink('/loader');
  if (/^loader\.[01]$/.test(target)) return `/${target}`;
  throw new ImageToolError(
    'BOOT_ENTRY_UNSAFE',
    `/loader in ${boot.files.name} links to ${JSON.stringify(target)}, expected loader.0 or loader.1.`,
  );
}
