import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assemble } from './assemble.ts';
import { asFailure, BuildFailure } from './failure.ts';
import { isCurrent, readManifest, report } from './manifest.ts';
import { PROFILES } from './modules.ts';
import { CACHE, HELP, type Options, readOptions } from './options.ts';
import { fetchPackages, type Package, resolvePackages, withIndex } from './packages.ts';

const HOME = import.meta.dirname;

/** util-linux has fallocate, with hdparm ATA disks erase themselves, nettle-bin hashes fast. */
const PACKAGES = ['busybox-static', 'tgt', 'util-linux', 'hdparm', 'nettle-bin'];

/** Names everything that the result depends on: packages by their hash, scripts and this build. */
async function contentKey(options: Options, packages: readonly Package[]): Promise<string> {
  const { profile, extraModules } = options;
  const hash = createHash('sha256').update(JSON.stringify([profile, extraModules]));
  for (const one of packages) hash.update(`${one.file} ${one.sha256}\n`);
  const found = await readdir(HOME, { recursive: true, withFileTypes: true });
  const files = found.filter((one) => one.isFile() && !one.name.endsWith('.md'));
  for (const path of files.map((one) => join(one.parentPath, one.name)).sort())
    hash.update(`${path.slice(HOME.length)}\n`).update(await readFile(path));
  return hash.digest('hex');
}

async function build(options: Options): Promise<void> {
  const { kernel: kernelMeta, packages: own } = PROFILES[options.profile];
  const others = [...PACKAGES, ...own, ...options.extraPackages];
  const packages = await withIndex(() => resolvePackages({ kernelMeta, others }));
  const key = await contentKey(options, packages);
  const before = await readManifest(options.output);
  if (!options.force && before && (await isCurrent(before, key, options.output))) {
    console.log(`Nothing to do: ${options.output} is up to date (key ${key.slice(0, 12)}).`);
    console.log(report(before));
    return;
  }
  const downloaded = await fetchPackages(packages, join(CACHE, 'packages'));
  console.log(`Packages: ${packages.length}, of which ${downloaded.length} downloaded now.`);
  const manifest = await assemble({ ...options, key, packages, cache: CACHE });
  console.log(`Built ${options.output} (profile ${options.profile}, key ${key.slice(0, 12)}).`);
  console.log(report(manifest));
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options) await build(options);
  else console.log(HELP);
}

try {
  await main();
} catch (error) {
  const failure = asFailure(error);
  // parseArgs reports a wrong option as a TypeError with a code.
  const isUsage = failure instanceof TypeError && 'code' in failure;
  if (!(failure instanceof BuildFailure) && !isUsage) throw failure;
  console.error(`build:ramdisk: ${failure.message}`);
  process.exitCode = isUsage ? 2 : 1;
}
