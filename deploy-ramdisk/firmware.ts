import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { command } from './command.ts';
import { moduleName } from './modules.ts';

/**
 * Copies to `target` the firmware files that its modules name and that a package in `root` has.
 * Says so when a module that was asked for by name finds none of its files.
 */
export async function copyFirmware(
  root: string,
  target: string,
  askedFor: readonly string[],
): Promise<void> {
  if (!(await exists(join(root, 'lib/firmware'))) && askedFor.length === 0) return;
  const found = await readdir(target, { recursive: true });
  for (const path of found.filter((name) => name.endsWith('.ko'))) {
    const wanted = (await command('modinfo', ['-F', 'firmware', join(target, path)])).split('\n');
    const names = wanted.filter(Boolean);
    const copied = await Promise.all(names.map(async (name) => await copyOne(name, root, target)));
    if (names.length > 0 && !copied.includes(true) && askedFor.includes(moduleName(path)))
      console.log(`Note: no package has the firmware of ${moduleName(path)}: ${names.join(', ')}`);
  }
}

async function copyOne(name: string, root: string, target: string): Promise<boolean> {
  const from = join(root, 'lib/firmware', name);
  if (!(await exists(from))) return false;
  const to = join(target, 'lib/firmware', name);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  return true;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
