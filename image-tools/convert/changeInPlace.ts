import { appendFile, stat, truncate } from 'node:fs/promises';
import { posix } from 'node:path';
import type { ReplaceBytes } from '../userSpace/replace.ts';
import type { FoundSystem } from '../inspect/system.ts';
import {
  ensureCanCarry,
  loaderArchive,
  type LoaderFile,
  missingToCarry,
} from '../ramdisk/carryLoader.ts';
import { ramdiskContents } from '../ramdisk/contents.ts';
import { withoutBoot } from '../root/fstab.ts';
import { loaderFolder, type Change } from './edits.ts';

/**
 * Takes the lines of /boot out of every fstab without adding to the root: the lines after them move up.
 * @throws ImageToolError APPLIANCE_NEEDED
 */
export async function removeBootInPlace(
  replaceBytes: ReplaceBytes,
  system: FoundSystem,
): Promise<Change[]> {
  const changes: Change[] = [];
  for (const path of system.fstabs) {
    const old = await system.root.files.readText(path);
    const { text, removed } = withoutBoot(old);
    if (removed.length === 0) continue;
    await replaceBytes(path, padWithNewlines(text, Buffer.byteLength(old)));
    changes.push(...removed.map((line) => ({ path, what: `removed "${line}"` })));
  }
  return changes;
}

function padWithNewlines(text: string, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes, '\n');
  bytes.write(text);
  return bytes;
}

/**
 * Carries the loader's entries in the ramdisk, which copies them into the root at the first boot.
 * @throws ImageToolError APPLIANCE_NEEDED
 */
export async function carryInRamdisk(system: FoundSystem, ramdiskPath: string): Promise<Change[]> {
  const { boot, deployment, root } = system;
  if (!deployment || boot.base !== '/' || boot.from !== 'loader entries') return [];
  if ((await root.files.kind('/boot/loader')) !== undefined) return [];
  const isEnough = (names: ReadonlySet<string>) => missingToCarry(names).length === 0;
  ensureCanCarry(await ramdiskContents(ramdiskPath, isEnough));
  const archive = loaderArchive(await loaderFiles(system));
  // The kernel looks for a further archive at multiples of four bytes.
  const { size } = await stat(ramdiskPath);
  await truncate(ramdiskPath, Math.ceil(size / 4) * 4);
  await appendFile(ramdiskPath, archive);
  return [
    {
      path: '/boot/loader',
      what: `carried over from ${boot.files.name} by the ramdisk, at the first boot`,
    },
  ];
}

async function loaderFiles(system: FoundSystem): Promise<LoaderFile[]> {
  const { files } = system.boot;
  const folder = await loaderFolder(system);
  const entries = posix.join(folder, 'entries');
  const found: LoaderFile[] = [];
  if (folder !== '/loader') found.push({ path: 'loader', target: folder.slice(1) });
  for (const name of await files.list(entries)) {
    const path = posix.join(entries, name);
    if ((await files.kind(path)) !== 'file') continue;
    found.push({ path: path.slice(1), text: await files.readText(path) });
  }
  return found;
}
