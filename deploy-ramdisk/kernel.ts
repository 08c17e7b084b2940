import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { command } from './command.ts';
import { BuildFailure } from './failure.ts';
import { type Selection, selectModules } from './modules.ts';

/** A kernel inside the unpacked packages. */
export type Kernel = { readonly version: string; readonly image: string };

/** @throws BuildFailure when `root` holds no kernel image or several */
export async function findKernel(root: string): Promise<Kernel> {
  const names = await readdir(join(root, 'boot')).catch(() => []);
  const images = names.filter((name) => name.startsWith('vmlinuz-'));
  const [image] = images;
  if (image === undefined || images.length > 1)
    throw new BuildFailure(`Expected one kernel in the packages, found ${images.length}.`);
  return { version: image.slice('vmlinuz-'.length), image: join(root, 'boot', image) };
}

/**
 * Copies the wished modules and what they need from `root` to `target` and indexes them there.
 * Compressed modules are unpacked: the initramfs is compressed as a whole, which is smaller.
 */
export async function copyModules(
  wished: readonly string[],
  kernel: Kernel,
  root: string,
  target: string,
): Promise<Selection> {
  const from = await moduleHome(kernel, root);
  const to = join(target, 'lib/modules', kernel.version);
  await command('depmod', ['-b', dirname(dirname(dirname(from))), kernel.version]);
  const selection = await select(wished, from);
  for (const path of selection.paths) await copyModule(join(from, path), join(to, path));
  for (const name of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo'])
    await copyFile(join(from, name), join(to, name));
  await command('depmod', ['-b', target, kernel.version]);
  await removeUnread(to);
  return selection;
}

async function moduleHome(kernel: Kernel, root: string): Promise<string> {
  for (const folder of ['lib/modules', 'usr/lib/modules']) {
    const home = join(root, folder, kernel.version);
    if ((await readdir(home).catch(() => [])).length > 0) return home;
  }
  throw new BuildFailure(`The kernel package has no modules of version ${kernel.version}.`);
}

async function select(wished: readonly string[], home: string): Promise<Selection> {
  const read = async (name: string) => await readFile(join(home, `modules.${name}`), 'utf8');
  const [dep, softdep, alias, builtin] = await Promise.all(
    ['dep', 'softdep', 'alias', 'builtin'].map(read),
  );
  return selectModules(wished, {
    dep: dep ?? '',
    softdep: softdep ?? '',
    alias: alias ?? '',
    builtin: builtin ?? '',
  });
}

async function copyModule(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const plain = to.replace(/\.(xz|zst|gz)$/, '');
  await copyFile(from, to);
  if (to.endsWith('.xz')) await command('xz', ['-d', to]);
  else if (to.endsWith('.zst')) await command('zstd', ['-q', '-d', '--rm', to]);
  else if (to !== plain) await command('gzip', ['-d', to]);
}

/** busybox modprobe reads the text indexes only. */
async function removeUnread(home: string): Promise<void> {
  const names = await readdir(home);
  const read = new Set(['modules.dep', 'modules.alias', 'modules.symbols', 'modules.builtin']);
  const unread = names.filter((name) => name.startsWith('modules.') && !read.has(name));
  for (const name of unread) await rm(join(home, name));
}
