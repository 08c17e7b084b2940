import { posix } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import type { Files } from '../filesystems/files.ts';
import { resolveLinks } from '../filesystems/resolve.ts';
import { parseOsRelease, type OsRelease } from '../root/osRelease.ts';

/** Where in a file system a root begins: `/`, or the folder of a btrfs subvolume. */
const BASES = ['/', '/root', '/@'];
const SIGNS = ['ostree/deploy', 'etc/os-release', 'usr/lib/os-release'];

/** The folder at which a root begins; undefined when the file system holds none. */
export async function findRootBase(files: Files, btrfs: boolean): Promise<string | undefined> {
  for (const base of btrfs ? BASES : ['/'])
    for (const sign of SIGNS)
      if ((await resolveWithin(files, base, sign)) !== undefined) return base;
  return undefined;
}

async function resolveWithin(files: Files, base: string, path: string) {
  // In a subvolume, absolute links count from its own top; the signs are looked up unresolved there.
  const joined = posix.join(base, path);
  if (base === '/') return resolveLinks(files, joined);
  return (await files.kind(joined)) === undefined ? undefined : joined;
}

/** A deployment of ostree, as the kernel option `ostree=` names it. */
export type Deployment = {
  readonly osName: string;
  readonly checksum: string;
  readonly serial: number;
  /** Its folder within the root's file system. */
  readonly path: string;
};

/** Follows `ostree=/ostree/boot.1/…` to its deployment. @throws ImageToolError NO_ROOT */
export async function findDeployment(root: Files, option: string): Promise<Deployment> {
  const path = await resolveLinks(root, option);
  const found = /^\/ostree\/deploy\/([^/]+)\/deploy\/([0-9a-f]{64})\.(\d+)$/.exec(path ?? '');
  const [, osName, checksum, serial] = found ?? [];
  if (path === undefined || osName === undefined || checksum === undefined)
    throw new ImageToolError(
      'NO_ROOT',
      `The boot entry names the deployment ${option}, which ${root.name} does not hold.`,
    );
  return { osName, checksum, serial: Number(serial), path };
}

/** Every /etc/fstab that a machine may come to use: one for each deployment, or the root's own. */
export async function findFstabs(root: Files, base: string, ostree: boolean): Promise<string[]> {
  const homes = ostree ? await deploymentFolders(root) : [base];
  const found: string[] = [];
  for (const home of homes) {
    const path = posix.join(home, 'etc/fstab');
    const kind = await root.kind(path);
    if (kind === undefined) continue;
    if (kind !== 'file')
      throw new ImageToolError(
        'BOOT_ENTRY_UNSAFE',
        `${path} in ${root.name} is a ${kind}, expected a plain file.`,
      );
    found.push(path);
  }
  return found;
}

async function deploymentFolders(root: Files): Promise<string[]> {
  const found: string[] = [];
  for (const os of await root.list('/ostree/deploy')) {
    const folder = posix.join('/ostree/deploy', os, 'deploy');
    for (const name of await root.list(folder))
      if (/^[0-9a-f]{64}\.\d+$/.test(name)) found.push(posix.join(folder, name));
  }
  return found;
}

/** What os-release(5) of a root or deployment says. */
export async function readOsRelease(root: Files, home: string): Promise<OsRelease | undefined> {
  for (const name of ['usr/lib/os-release', 'etc/os-release']) {
    const path = posix.join(home, name);
    if ((await root.kind(path)) === 'file') return parseOsRelease(await root.readText(path));
  }
  return undefined;
}
