import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageToolError } from '../errors/error.ts';
import { run } from '../process/run.ts';
import { makeCached } from './cache.ts';

const META_PACKAGE = 'linux-image-cloud-amd64';

/**
 * The path of the distribution's cloud kernel as a .deb below `cacheDir`, downloaded once with apt
 * and not installed: it serves the libguestfs appliance and the fixture.
 * @throws ImageToolError APPLIANCE_KERNEL_MISSING
 */
export async function cloudKernelPackage(cacheDir: string): Promise<string> {
  const folder = join(cacheDir, 'kernel-package');
  const cached = await onlyDeb(folder);
  if (cached) return cached;
  await mkdir(cacheDir, { recursive: true });
  await makeCached(folder, download).catch((error: unknown) => {
    throw new ImageToolError(
      'APPLIANCE_KERNEL_MISSING',
      `No kernel package could be fetched: ${String(error)}`,
      { cause: error },
    );
  });
  const fetched = await onlyDeb(folder);
  if (fetched) return fetched;
  throw new ImageToolError('APPLIANCE_KERNEL_MISSING', `apt-get left no package in ${folder}.`);
}

async function download(folder: string): Promise<void> {
  const { stdout } = await run('apt-cache', ['depends', META_PACKAGE]);
  const name = /^\s*Depends: (linux-image-\S+)$/m.exec(stdout)?.[1];
  if (!name) throw new Error(`${META_PACKAGE} is unknown to apt (run apt-get update)`);
  await run('apt-get', ['download', name], { cwd: folder, timeoutMs: 300_000 });
}

async function onlyDeb(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const deb = names.find((name) => name.endsWith('.deb'));
  return deb && join(folder, deb);
}
