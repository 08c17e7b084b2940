import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { command } from './command.ts';
import type { Entry } from './cpio.ts';
import { librariesOf } from './libraries.ts';

const PROGRAMS = [
  'usr/sbin/tgtd',
  'usr/sbin/tgtadm',
  'usr/bin/fallocate',
  'usr/bin/nettle-hash',
  'sbin/hdparm',
];

/** Only there with their packages, which a profile or a wish brings. */
const WISHED_PROGRAMS = [
  'usr/sbin/nvme',
  'usr/bin/ipmitool',
  'usr/sbin/lldpad',
  'usr/sbin/lldptool',
];
const FOLDERS = ['dev', 'etc', 'mnt', 'proc', 'root', 'run', 'sys', 'tmp'];
const LIBRARY_HOME = 'lib/x86_64-linux-gnu';
const LOADER = 'ld-linux-x86-64.so.2';

/** Where the parts of an initramfs come from; all are absolute paths. */
export type Sources = {
  /** The unpacked packages. */
  readonly root: string;
  /** The reduced module tree: a folder that holds `lib/modules/VERSION`, perhaps `lib/firmware`. */
  readonly modules: string;
  /** The folder with `init` and `lib/`. */
  readonly scripts: string;
};

/** All members of the initramfs in the order in which they are written. */
export async function initramfsEntries(sources: Sources): Promise<readonly Entry[]> {
  const entries = [
    ...(await scripts(sources.scripts)),
    ...(await busybox(sources.root)),
    ...(await programs(sources.root)),
    ...(await moduleFiles(sources.modules)),
    // The kernel opens the console before anything is mounted.
    { type: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 } as const,
  ];
  return withFolders(entries);
}

async function scripts(home: string): Promise<readonly Entry[]> {
  const names = (await readdir(join(home, 'lib'))).sort();
  const lib = names.map(async (name) => await file(`lib/ironpxe/${name}`, join(home, 'lib', name)));
  return [await file('init', join(home, 'init')), ...(await Promise.all(lib))];
}

async function busybox(root: string): Promise<readonly Entry[]> {
  const program = join(root, 'bin/busybox');
  const applets = (await command(program, ['--list'])).split('\n').filter((a) => a !== 'busybox');
  return [
    await file('bin/busybox', program),
    ...applets.map((applet) => link(`bin/${applet}`, 'busybox')),
    // The kernel asks for modules with this absolute path.
    link('sbin/modprobe', '/bin/busybox'),
  ];
}

async function programs(root: string): Promise<readonly Entry[]> {
  const wished = WISHED_PROGRAMS.filter((path) => existsSync(join(root, path)));
  const paths = [...PROGRAMS, ...wished];
  const own = paths.map(async (path) => await file(path, join(root, path)));
  const libraries = await librariesOf(
    paths.map((path) => join(root, path)),
    root,
  );
  const files = libraries.map(async ({ soname, path }) => {
    return await file(`${soname === LOADER ? 'lib64' : LIBRARY_HOME}/${soname}`, path);
  });
  return await Promise.all([...own, ...files]);
}

async function moduleFiles(home: string): Promise<readonly Entry[]> {
  const found = await readdir(join(home, 'lib'), { recursive: true, withFileTypes: true });
  const paths = found.filter((f) => f.isFile()).map((f) => join(f.parentPath, f.name));
  const entries = paths.sort().map(async (path) => {
    const name = path.slice(home.length + 1);
    return { type: 'file', path: name, mode: 0o644, data: await readFile(path) } as const;
  });
  return await Promise.all(entries);
}

async function file(path: string, from: string): Promise<Entry> {
  return { type: 'file', path, mode: 0o755, data: await readFile(from) };
}

function link(path: string, target: string): Entry {
  return { type: 'link', path, target };
}

/** Puts every parent directory before what it holds. */
function withFolders(entries: readonly Entry[]): readonly Entry[] {
  const folders = new Set(FOLDERS);
  for (const { path } of entries)
    for (let up = dirname(path); up !== '.'; up = dirname(up)) folders.add(up);
  const directories = [...folders].sort().map((path) => {
    return { type: 'directory', path, mode: 0o755 } as const;
  });
  return [...directories, ...entries];
}
