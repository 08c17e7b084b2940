import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { command } from './command.ts';
import { writeCpio } from './cpio.ts';
import { copyFirmware } from './firmware.ts';
import { copyModules, findKernel } from './kernel.ts';
import { describe, type Manifest } from './manifest.ts';
import { PROFILES, type ProfileName } from './modules.ts';
import type { Package } from './packages.ts';
import { initramfsEntries } from './tree.ts';

export type Job = {
  readonly profile: ProfileName;
  /** Kernel modules beside those of the profile. */
  readonly extraModules: readonly string[];
  readonly output: string;
  readonly key: string;
  readonly packages: readonly Package[];
  readonly cache: string;
};

/** Unpacks, selects, packs and puts the result in place; on a failure the output stays as it was. */
export async function assemble(job: Job): Promise<Manifest> {
  const work = await mkdtemp(join(job.cache, 'ramdisk-work-'));
  const interrupted = () => {
    rmSync(work, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const root = join(work, 'root');
    await unpack(job, root);
    const kernel = await findKernel(root);
    const modules = join(work, 'modules');
    const wished = [...PROFILES[job.profile].modules, ...job.extraModules];
    const selection = await copyModules(wished, kernel, root, modules);
    for (const name of selection.unknown)
      console.log(`Note: kernel ${kernel.version} has no module "${name}".`);
    await copyFirmware(root, modules, job.extraModules);
    const entries = await initramfsEntries({ root, modules, scripts: import.meta.dirname });
    const files = { kernel: await readFile(kernel.image), initramfs: await compress(entries) };
    const manifest: Manifest = {
      key: job.key,
      profile: job.profile,
      kernelVersion: kernel.version,
      kernel: describe(files.kernel),
      initramfs: describe(files.initramfs),
      modules: selection.paths,
      packages: job.packages.map((one) => one.file),
    };
    await putInPlace(job.output, { ...files, 'manifest.json': toJson(manifest) });
    return manifest;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await rm(work, { recursive: true, force: true });
  }
}

async function unpack(job: Job, root: string): Promise<void> {
  await mkdir(root);
  for (const one of job.packages)
    await command('dpkg', ['-x', join(job.cache, 'packages', one.file), root]);
}

async function compress(entries: Parameters<typeof writeCpio>[0]): Promise<Buffer> {
  const params = {
    [constants.ZSTD_c_compressionLevel]: 22,
    // The kernel unpacks initramfs images with windows of up to 128 MiB.
    [constants.ZSTD_c_windowLog]: 26,
  };
  return await promisify(zstdCompress)(writeCpio(entries), { params });
}

function toJson(manifest: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
}

/**
 * Writes all files under a name of this process's own, then renames them. The manifest goes first and comes last,
 * so that a build that was killed in between is seen as stale and built again.
 */
async function putInPlace(output: string, files: Record<string, Buffer>): Promise<void> {
  await mkdir(output, { recursive: true });
  const names = Object.keys(files);
  const partial = (name: string) => join(output, `${name}.partial-${process.pid}`);
  try {
    for (const name of names) await writeFile(partial(name), files[name] ?? '');
    await rm(join(output, 'manifest.json'), { force: true });
    for (const name of names) await rename(partial(name), join(output, name));
  } finally {
    for (const name of names) await rm(partial(name), { force: true });
  }
}
