import { posix } from 'node:path';
import { parseBlsEntry } from '../bootEntries/bls.ts';
import type { BootEntry } from '../bootEntries/entry.ts';
import { parseGrubConfig, parseGrubEnvironment } from '../bootEntries/grubConfig.ts';
import { inMenuOrder } from '../bootEntries/versionOrder.ts';
import { ImageToolError } from '../errors/error.ts';
import type { Files } from '../filesystems/files.ts';
import { resolveLinks } from '../filesystems/resolve.ts';
import { kernelsByName } from './kernelsByName.ts';

/** A /boot with something to boot in it. */
export type FoundBoot = {
  readonly files: Files;
  /** Its top within the file system: `/`, or `/boot` when it is a folder of the root. */
  readonly base: '/' | '/boot';
  /** Where the entries come from. */
  readonly from: 'loader entries' | 'grub.cfg' | 'file names';
  /** In the order of the machine's menu; the first is what it boots. */
  readonly entries: readonly BootEntry[];
  /** GRUB's saved variables. */
  readonly variables: ReadonlyMap<string, string>;
};

const GRUB_FOLDERS = ['grub2', 'grub'];

/** Looks for a /boot at `base` of a file system. @throws ImageToolError BOOT_ENTRY_UNSAFE */
export async function findBoot(files: Files, base: '/' | '/boot'): Promise<FoundBoot | undefined> {
  const variables = await grubVariables(files, base);
  const found = { files, base, variables };
  const bls = await loaderEntries(files, base);
  if (bls.length > 0)
    return { ...found, from: 'loader entries', entries: savedFirst(inMenuOrder(bls), variables) };
  const grub = await grubEntries(files, base);
  if (grub.length > 0) return { ...found, from: 'grub.cfg', entries: grub };
  const named = await kernelsByName(files, base);
  return named.length > 0 ? { ...found, from: 'file names', entries: named } : undefined;
}

/** `loader` is a symbolic link on ostree and may be a plain folder elsewhere; entries must be files. */
async function loaderEntries(files: Files, base: string): Promise<BootEntry[]> {
  const folder = await resolveLinks(files, posix.join(base, 'loader/entries'));
  if (folder === undefined) return [];
  const entries: BootEntry[] = [];
  for (const name of await files.list(folder)) {
    if (!name.endsWith('.conf')) continue;
    const entry = parseBlsEntry(name, await readPlainFile(files, posix.join(folder, name)));
    if (entry) entries.push(entry);
  }
  return entries;
}

/** A file's text, but never through a symbolic link. @throws ImageToolError BOOT_ENTRY_UNSAFE */
export async function readPlainFile(files: Files, path: string): Promise<string> {
  const kind = await files.kind(path);
  if (kind === 'file') return files.readText(path);
  throw new ImageToolError(
    'BOOT_ENTRY_UNSAFE',
    `${path} in ${files.name} is a ${kind ?? 'missing file'}, expected a plain file.`,
  );
}

async function grubEntries(files: Files, base: string): Promise<readonly BootEntry[]> {
  const path = await firstFile(files, base, 'grub.cfg');
  if (path === undefined) return [];
  const { entries, defaultEntry } = parseGrubConfig(await files.readText(path));
  const index = Number(defaultEntry ?? 0);
  const first = entries[index];
  return first ? [first, ...entries.filter((entry) => entry !== first)] : entries;
}

async function grubVariables(files: Files, base: string): Promise<Map<string, string>> {
  const path = await firstFile(files, base, 'grubenv');
  return path === undefined ? new Map() : parseGrubEnvironment(await files.readText(path));
}

async function firstFile(files: Files, base: string, name: string): Promise<string | undefined> {
  for (const folder of GRUB_FOLDERS) {
    const path = posix.join(base, folder, name);
    if ((await files.kind(path)) === 'file') return path;
  }
  return undefined;
}

/** Fedora's GRUB boots the saved entry; ostree hosts have none and go by version. */
function savedFirst(
  entries: readonly BootEntry[],
  variables: ReadonlyMap<string, string>,
): readonly BootEntry[] {
  const saved = entries.find(({ id }) => id === variables.get('saved_entry'));
  if (!saved || /(^|\s)ostree=/.test(saved.options)) return entries;
  return [saved, ...entries.filter((entry) => entry !== saved)];
}
