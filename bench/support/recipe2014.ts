import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applianceKernelEnv } from '../../image-tools/guestfish/applianceKernel.ts';
import { defaultCacheDir } from '../../image-tools/guestfish/cache.ts';
import { run } from '../../image-tools/process/run.ts';

const SECTOR = 512;

/** libguestfs by emulation, for root as well, where /dev/kvm may only look usable. */
async function environment(): Promise<Record<string, string>> {
  const cache = join(defaultCacheDir(), 'guestfs-bench');
  await mkdir(cache, { recursive: true });
  return {
    ...(await applianceKernelEnv(defaultCacheDir())),
    LIBGUESTFS_BACKEND: 'direct',
    LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg',
    LIBGUESTFS_CACHEDIR: cache,
  };
}

/**
 * The recipe of 2014 for a Fedora-Atomic-style qcow2 (MBR, /boot on partition 1, the physical volume
 * of atomicos/root on partition 2): guestmount, take /boot out of fstab, copy kernel and ramdisk,
 * convert the whole disk to raw, dd the partition out of it in sectors, delete the raw disk. It
 * changes `image`. One mount with both file systems, where the original script had two.
 */
export async function recipeOf2014(image: string, folder: string): Promise<void> {
  await editAndCopy(image, folder);
  const raw = join(folder, 'atomic.raw');
  await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', image, raw]);
  const { start, size } = await secondPartition(raw);
  const cut = [`bs=${SECTOR}`, `skip=${start}`, `count=${size}`];
  await run('dd', [`if=${raw}`, `of=${join(folder, 'atomic-base')}`, ...cut]);
  await rm(raw);
}

async function editAndCopy(image: string, folder: string): Promise<void> {
  const mount = await mkdtemp(join(tmpdir(), 'recipe-2014-'));
  const pidFile = join(folder, 'guestmount.pid');
  const what = ['--add', image, '--mount', '/dev/atomicos/root', '--mount', '/dev/sda1:/boot'];
  await run('guestmount', [...what, '--rw', '--pid-file', pidFile, mount], {
    env: await environment(),
  });
  const pid = (await readFile(pidFile, 'utf8')).trim();
  try {
    await run('sh', ['-c', SHELL_PART, 'recipe', mount, folder]);
  } finally {
    await run('guestunmount', [mount]);
    // guestunmount returns before the appliance has written everything.
    await run('tail', [`--pid=${pid}`, '-f', '/dev/null']);
    await rm(mount, { recursive: true });
  }
}

const SHELL_PART = `set -e
sed -i '/ \\/boot /d' "$1"/ostree/deploy/*/deploy/*/etc/fstab
cp "$1"/boot/ostree/*/vmlinuz-* "$2/atomic-kernel"
cp "$1"/boot/ostree/*/initramfs-* "$2/atomic-ramdisk"`;

async function secondPartition(raw: string): Promise<{ start: number; size: number }> {
  const { stdout } = await run('sfdisk', ['--json', raw]);
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { partitions: { start: number; size: number }[] };
  };
  const [, second] = partitiontable.partitions;
  if (!second) throw new Error(`${raw} has no second partition`);
  return second;
}

/** Starts an appliance without any disk of the image, and ends it. */
export async function applianceLaunch(): Promise<void> {
  await run('guestfish', ['--', 'add-ro', '/dev/null', ':', 'run'], { env: await environment() });
}
