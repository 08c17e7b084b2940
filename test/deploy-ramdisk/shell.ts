import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

const LIB = join(import.meta.dirname, '../../deploy-ramdisk/lib');
const ORDER = ['console', 'cmdline', 'modules', 'network', 'disks', 'hints', 'choose'];
const LATER = ['target', 'http', 'json', 'secret', 'callback', 'release', 'zero', 'erase', 'lldp'];

/** Files below a fake root by path; a value that starts with '->' is a symbolic link. */
export type Tree = Readonly<Record<string, string>>;

/** A fake root directory: the scripts read it as SYSROOT. */
export class FakeRoot implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(tree: Tree): Promise<FakeRoot> {
    const root = new FakeRoot(await mkdtemp(join(tmpdir(), 'ironpxe-sysroot-')));
    await mkdir(join(root.path, 'dev'));
    await root.add({ 'proc/cmdline': '', 'proc/uptime': '1.50 1.00', ...tree });
    return root;
  }

  async add(tree: Tree): Promise<void> {
    for (const [name, value] of Object.entries(tree)) {
      const path = join(this.path, name);
      await mkdir(dirname(path), { recursive: true });
      if (value.startsWith('->')) await symlink(value.slice(2), path);
      else await writeFile(path, value, 'latin1');
    }
  }

  /** Runs a script with all of lib/ loaded, as /init does; returns what it printed. */
  async run(script: string): Promise<{ stdout: string; exitCode: number | undefined }> {
    const sources = [...ORDER, ...LATER].map((name) => `. ${join(LIB, `${name}.sh`)}`);
    // sysfs is not there to be walked, so nothing may be loaded on the machine that runs the test.
    const text = [`LIB=${LIB}`, ...sources, 'coldplug() { :; }', script].join('\n');
    const result = await execa('busybox', ['sh', '-c', text], {
      env: { SYSROOT: this.path, PATH: process.env['PATH'] ?? '' },
      reject: false,
      stderr: 'inherit',
    });
    return { stdout: result.stdout, exitCode: result.exitCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** What a disk of the fake sysfs is like; `files` are further attributes below /sys/block/NAME. */
export type FakeDisk = {
  readonly gib?: number;
  readonly path?: string;
  readonly files?: Readonly<Record<string, string>>;
};

/** The sysfs tree of disks by name, each with its device behind a link as in the kernel. */
export function sysfs(disks: Readonly<Record<string, FakeDisk>>): Tree {
  const tree: Record<string, string> = { 'sys/block/loop0/size': '0\n' };
  for (const [name, { gib = 10, path, files = {} }] of Object.entries(disks)) {
    const device = `sys/devices/${path ?? `pci0000:00/0000:00:04.0/${name}`}`;
    const block = `sys/block/${name}`;
    tree[`${device}/uevent`] = '';
    tree[`${block}/device`] = `->../../../${device}`;
    tree[`${block}/size`] = `${gib * 2 * 1024 * 1024}\n`;
    for (const [key, value] of Object.entries(files)) {
      const inDevice = key.startsWith('device/');
      tree[inDevice ? `${device}/${key.slice('device/'.length)}` : `${block}/${key}`] = value;
    }
  }
  return tree;
}
