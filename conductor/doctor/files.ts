import { access, constants, open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatBytes, GIB } from '../values/units.ts';
import { HEAD_BYTES, kernelFault, ramdiskFault } from '../why/bootFile.ts';
import { type Check, type CheckResult, fail, ok, warn } from './check.ts';
import { bootFilesOf } from './programs.ts';

type Finding = Omit<CheckResult, 'check'>;

/** Looks at the deploy kernel and ramdisk: there, readable, and what they should be. */
export const BOOT_FILE_CHECK: Check = {
  name: 'deploy ramdisk',
  title: 'Kernel and ramdisk of the configuration are what they should be',
  run: ({ config }) => Promise.all(bootFilesOf(config).map(([name, path]) => bootFile(name, path))),
};

async function bootFile(option: string, path: string | undefined): Promise<Finding> {
  const make = 'Build it ("npm run build:ramdisk") and set the option, or set it per node.';
  if (path === undefined) return warn(`${option} is not set`, make);
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    const fault = option.endsWith('kernel') ? kernelFault(head) : ramdiskFault(head);
    const { size } = await file.stat();
    if (fault === undefined) return ok(`${path}: ${formatBytes(size)}`);
    return fail(`${option}: ${path} begins with ${fault}`, make);
  } catch (error) {
    return fail(`${option}: ${reason(error)}`, make);
  }
}

/** Looks at the state folder, the image folders, and the space for images. */
export const SPACE_CHECK: Check = {
  name: 'folders and space',
  title: 'The state folder can be written and has space for images',
  async run({ config }) {
    const { state_dir: folder, images } = config;
    const there = await existing(folder);
    const writable = await access(there, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!writable)
      return [
        fail(`state_dir: ${there} cannot be written`, 'Run as root, or give it to this user.'),
      ];
    const { bavail, bsize } = await statfs(there);
    return [space(folder, bavail * bsize, images.cache_size_gib * GIB)];
  },
};

function space(folder: string, freeBytes: number, wishedBytes: number): Finding {
  const free = `${folder}: ${formatBytes(freeBytes)} free`;
  const next = 'Free some space, or set images.cache_size_gib lower.';
  if (freeBytes < GIB) return fail(`${free}; an image hardly fits`, next);
  if (freeBytes < wishedBytes)
    return warn(`${free}; the image cache may take ${formatBytes(wishedBytes)}`, next);
  return ok(free);
}

/** The folder, or the nearest one above it that exists: the conductor makes the rest. */
async function existing(folder: string): Promise<string> {
  const there = await access(folder).then(
    () => true,
    () => false,
  );
  return there || folder === '/' ? folder : existing(dirname(folder));
}

/** An error for people, without stack. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
