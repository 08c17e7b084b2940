import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emulation } from '../../image-tools/guestfish/appliance.ts';
import { applianceKernelEnv } from '../../image-tools/guestfish/applianceKernel.ts';
import { defaultCacheDir } from '../../image-tools/guestfish/cache.ts';
import { run } from '../../image-tools/process/run.ts';

const SECTOR = 512;

/**
 * libguestfs by emulation, for root as well, where /dev/kvm may only look usable; with the distribution's
 * kernel as it comes, or as the tool has it.
 */
async function environment(kernel: 'plain' | 'quick'): Promise<Record<string, string>> {
  const cache = join(defaultCacheDir(), `${kernel}-guestfs-bench`);
  await mkdir(cache, { recursive: true });
  return {
    ...(await applianceKernelEnv(defaultCacheDir(), kernel)),
    LIBGUESTFS_BACKEND: 'direct',
    LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg',
    LIBGUESTFS_CACHEDIR: cache,
  };
}

/**
 * The recipe of 2014 for a Fedora-Atomic-style qcow2 (MBR, /boot on partition 1, the physical volume
 * of atomicos/root on partition 2): guestmount of both file systems, one appliance each, /boot taken
 * out of fstab, kernel and ramdisk copied, the whole disk converted to raw, the partition cut out of
 * that with dd's usual blocks of 512 bytes, the raw disk deleted. It changes `image`. The original
 * had both mounts at once, which QEMU's locks do not allow any more.
 */
export async function recipeOf2014(image: string, folder: string): Promise<void> {
  await withGuestmount(image, '/dev/sda1', folder, COPY_KERNEL);
  await withGuestmount(image, '/dev/atomicos/root', folder, EDIT_FSTAB);
  const raw = join(folder, 'atomic.raw');
  await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', image, raw]);
  const start = await startOfSecondPartition(raw);
  const base = join(folder, 'atomic-base');
  await run('dd', [`if=${raw}`, `of=${base}`, `bs=${SECTOR}`, `skip=${start}`]);
  await rm(raw);
}

const COPY_KERNEL = `set -e
cp "$1"/ostree/*/vmlinuz-* "$2/atomic-kernel"
cp "$1"/ostree/*/initramfs-* "$2/atomic-ramdisk"`;

const EDIT_FSTAB = `set -e
for fstab in "$1"/ostree/deploy/*/deploy/*/etc/fstab; do
  grep -v boot "$fstab" > "$2/fstab"
  cp "$2/fstab" "$fstab"
done`;

/** Mounts one file system of the image, runs a shell script on it, and waits until all is written. */
async function withGuestmount(
  image: string,
  device: string,
  folder: string,
  script: string,
): Promise<void> {
  const mount = await mkdtemp(join(tmpdir(), 'recipe-2014-'));
  const pidFile = join(folder, 'guestmount.pid');
  const what = ['--add', image, '--mount', device, '--rw', '--pid-file', pidFile];
  await run('guestmount', [...what, mount], { env: await environment('plain') });
  const pid = (await readFile(pidFile, 'utf8')).trim();
  try {
    await run('sh', ['-c', script, 'recipe', mount, folder]);
  } finally {
    await run('guestunmount', [mount]);
    await run('tail', [`--pid=${pid}`, '-f', '/dev/null']);
    await rm(mount, { recursive: true });
  }
}

async function startOfSecondPartition(raw: string): Promise<number> {
  const { stdout } = await run('sfdisk', ['--json', raw]);
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { partitions: { start: number }[] };
  };
  const [, second] = partitiontable.partitions;
  if (!second) throw new Error(`${raw} has no second partition`);
  return second.start;
}

/** Starts an appliance as the tool does, without any disk of the image, and ends it. */
export async function applianceLaunch(): Promise<void> {
  const env = { ...(await environment('quick')), ...emulation() };
  await run('guestfish', ['--', 'add-ro', '/dev/null', ':', 'run'], { env });
}
