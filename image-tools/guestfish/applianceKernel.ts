import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import { run } from '../process/run.ts';
import { unpackBzImage } from './bzImage.ts';
import { makeCached } from './cache.ts';
import { cloudKernelPackage } from './kernel.ts';

/**
 * Drivers of the cloud kernel for what the appliance's machine does not have. supermin loads them one
 * after the other; what is not there costs no time.
 */
const NEEDLESS = [
  'drivers/acpi',
  'drivers/ata',
  'drivers/net',
  'drivers/nvdimm',
  'drivers/block/virtio_blk.ko',
  'drivers/virtio/virtio_balloon.ko',
  'drivers/virtio/virtio_input.ko',
  'drivers/virtio/virtio_mem.ko',
  'drivers/virtio/virtio_mmio.ko',
  'fs/fuse',
];

/** As the distribution has it, as others run libguestfs; or made to start sooner under emulation. */
const KINDS = {
  plain: { folder: 'kernel', change: async () => {} },
  quick: { folder: 'quick-kernel', change: makeQuick },
} as const;

/**
 * The environment that tells supermin which kernel the appliance boots: the host's own if it has
 * one, or a package that is unpacked below `cacheDir`, not installed.
 * @throws ImageToolError APPLIANCE_KERNEL_MISSING
 */
export async function applianceKernelEnv(
  cacheDir: string,
  kind: keyof typeof KINDS = 'quick',
): Promise<Record<string, string>> {
  if (process.env['SUPERMIN_KERNEL'] || (await hostHasKernel())) return {};
  const folder = await unpackedKernel(cacheDir, KINDS[kind]);
  const [version] = await readdir(join(folder, 'lib/modules'));
  if (!version)
    throw new ImageToolError('APPLIANCE_KERNEL_MISSING', `${folder} holds no kernel modules.`);
  await ensureModulesFolder();
  return {
    SUPERMIN_KERNEL: join(folder, 'boot', `vmlinuz-${version}`),
    SUPERMIN_MODULES: join(folder, 'lib/modules', version),
    SUPERMIN_KERNEL_VERSION: version,
  };
}

/** supermin takes the newest readable /boot/vmlinuz-VERSION that has its modules. */
async function hostHasKernel(): Promise<boolean> {
  for (const version of await readdir('/lib/modules').catch(() => []))
    if (await isReadable(`/boot/vmlinuz-${version}`)) return true;
  return false;
}

async function unpackedKernel(
  cacheDir: string,
  kind: (typeof KINDS)[keyof typeof KINDS],
): Promise<string> {
  const folder = join(cacheDir, kind.folder);
  if (await isReadable(join(folder, 'lib/modules'))) return folder;
  await makeCached(folder, async (partial) => {
    await run('dpkg-deb', ['-x', await cloudKernelPackage(cacheDir), partial]);
    const [version = ''] = await readdir(join(partial, 'lib/modules'));
    await kind.change(partial, version);
    await run('depmod', ['-b', partial, version]);
    await run('chmod', ['-R', 'a+rX', partial]);
  });
  return folder;
}

async function makeQuick(folder: string, version: string): Promise<void> {
  for (const name of NEEDLESS)
    await rm(join(folder, 'lib/modules', version, 'kernel', name), {
      recursive: true,
      force: true,
    });
  const path = join(folder, 'boot', `vmlinuz-${version}`);
  const unpacked = await unpackBzImage(await readFile(path));
  if (unpacked !== undefined) await writeFile(path, unpacked);
}

/** supermin looks into /lib/modules even when it is told where the modules are; empty will do. */
async function ensureModulesFolder(): Promise<void> {
  try {
    await mkdir('/lib/modules', { recursive: true });
  } catch (error) {
    throw new ImageToolError(
      'APPLIANCE_KERNEL_MISSING',
      'supermin wants a folder /lib/modules, which this user cannot make (sudo mkdir /lib/modules).',
      { cause: error },
    );
  }
}

function isReadable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
