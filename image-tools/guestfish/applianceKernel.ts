import { access, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import { run } from '../process/run.ts';
import { makeCached } from './cache.ts';
import { cloudKernelPackage } from './kernel.ts';

/**
 * The environment that tells supermin which kernel the appliance boots: the host's own if it has
 * one, or a package that is unpacked below `cacheDir`, not installed.
 * @throws ImageToolError APPLIANCE_KERNEL_MISSING
 */
export async function applianceKernelEnv(cacheDir: string): Promise<Record<string, string>> {
  if (process.env['SUPERMIN_KERNEL'] || (await hostHasKernel())) return {};
  const folder = await unpackedKernel(cacheDir);
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

async function unpackedKernel(cacheDir: string): Promise<string> {
  const folder = join(cacheDir, 'kernel');
  if (await isReadable(join(folder, 'lib/modules'))) return folder;
  await makeCached(folder, async (partial) => {
    await run('dpkg-deb', ['-x', await cloudKernelPackage(cacheDir), partial]);
    const [version = ''] = await readdir(join(partial, 'lib/modules'));
    await run('depmod', ['-b', partial, version]);
    await run('chmod', ['-R', 'a+rX', partial]);
  });
  return folder;
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
