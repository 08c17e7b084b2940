import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { hasCode } from '../errors/error.ts';
import { checkLoaders, LOADER_FILES } from '../netboot/tree/loaders.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** A program that the conductor calls, the package it comes from, and when it is needed. */
type Program = {
  readonly name: string;
  readonly package: string;
  /** For what; `undefined`: for every deploy. */
  readonly only?: string;
};

const PROGRAMS: readonly Program[] = [
  { name: 'qemu-img', package: 'qemu-utils' },
  { name: 'sfdisk', package: 'fdisk' },
  { name: 'mkfs.ext4', package: 'e2fsprogs' },
  { name: 'mkswap', package: 'util-linux' },
  { name: 'mkfs.vfat', package: 'dosfstools', only: 'VFAT config drives' },
  { name: 'xorriso', package: 'xorriso', only: 'config drives that are built here' },
  { name: 'ssh', package: 'openssh-client', only: 'the driver pxe_ssh' },
  { name: 'ipmitool', package: 'ipmitool', only: 'the driver ipmi' },
];

/** Administrators' programs are not in everybody's PATH. */
const MORE_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin'];

/** Whether a program can be run from here. */
export async function isInstalled(name: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).concat(MORE_FOLDERS);
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, name), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** Looks for the programs that the conductor calls. */
export const PROGRAM_CHECK: Check = {
  name: 'programs',
  title: 'Programs that the conductor calls are installed',
  async run() {
    const rows = await Promise.all(
      PROGRAMS.map(async (program) => ({ program, there: await isInstalled(program.name) })),
    );
    const missing = rows.filter(({ there }) => !there).map(({ program }) => program);
    if (missing.length === 0) return [ok(`${PROGRAMS.length} programs are there`)];
    return missing.map(({ name, package: from, only }) =>
      only === undefined
        ? fail(`${name} is missing`, `apt-get install ${from}`)
        : warn(`${name} is missing; needed for ${only}`, `apt-get install ${from}`),
    );
  },
};

/** Looks for the boot loaders. */
export const LOADER_CHECK: Check = {
  name: 'boot loaders',
  title: 'Boot loaders that machines fetch are installed',
  async run() {
    try {
      const missing = await checkLoaders(LOADER_FILES);
      const others =
        missing.size === 0 ? '' : `; not for other architectures (${missing.size} files)`;
      return [ok(`pxelinux, GRUB and iPXE for x86 are there${others}`)];
    } catch (error) {
      if (!hasCode(error, 'NETBOOT_LOADER_MISSING')) throw error;
      return [fail(error.message, error.row.next)];
    }
  },
};

/** The kernel and ramdisk of the configuration. */
export function bootFilesOf({ pxe }: Config): readonly (readonly [string, string | undefined])[] {
  return [
    ['pxe.deploy_kernel', pxe.deploy_kernel],
    ['pxe.deploy_ramdisk', pxe.deploy_ramdisk],
  ];
}
