import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { neededLibraries } from './elf.ts';
import { BuildFailure } from './failure.ts';

const LIBRARY_FOLDERS = ['lib64', 'lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'];

/** Opened by name at run time, so no ELF header names it: glibc needs it to end a thread. */
const OPENED_LATER = 'libgcc_s.so.1';

/** A shared library: its soname and the absolute path of the file. */
export type Library = { readonly soname: string; readonly path: string };

/**
 * The shared libraries that `programs` need, directly or not, all found below `root`.
 * @throws BuildFailure when one is not there
 */
export async function librariesOf(
  programs: readonly string[],
  root: string,
): Promise<readonly Library[]> {
  const known = await findLibraries(root);
  const taken = new Map<string, Library>();
  const take = async (soname: string, by: string): Promise<void> => {
    if (taken.has(soname)) return;
    const path = known.get(soname);
    if (path === undefined)
      throw new BuildFailure(`"${by}" needs ${soname}, which no fetched package contains.`);
    taken.set(soname, { soname, path });
    for (const next of neededLibraries(await readFile(path))) await take(next, soname);
  };
  for (const program of programs)
    for (const soname of neededLibraries(await readFile(program))) await take(soname, program);
  if (known.has(OPENED_LATER)) await take(OPENED_LATER, 'libc.so.6');
  return [...taken.values()].sort((a, b) => (a.soname < b.soname ? -1 : 1));
}

async function findLibraries(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const folder of LIBRARY_FOLDERS) {
    const names = await readdir(join(root, folder)).catch(() => []);
    for (const name of names) if (name.includes('.so')) found.set(name, join(root, folder, name));
  }
  return found;
}
