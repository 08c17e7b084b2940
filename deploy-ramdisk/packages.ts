import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { command } from './command.ts';
import { BuildFailure } from './failure.ts';

/** A package file as the distribution's signed index names it. */
export type Package = {
  readonly file: string;
  readonly sizeBytes: number;
  /** `SHA256:…` in hexadecimal; `MD5Sum:…` is refused. */
  readonly sha256: string;
};

/** A kernel's meta package, such as `linux-image-amd64`, and further packages. */
export type Roots = { readonly kernelMeta: string; readonly others: readonly string[] };

/**
 * The files of the kernel, of the other packages and of all shared libraries below them, by name.
 * @throws BuildFailure when the index does not know a package
 */
export async function resolvePackages(roots: Roots): Promise<readonly Package[]> {
  const asked = [roots.kernelMeta, ...roots.others];
  const options = ['depends', '--recurse', '--important'];
  const graph = parseDepends(await command('apt-cache', [...options, ...asked]));
  const kernel = graph.get(roots.kernelMeta)?.find((name) => name.startsWith('linux-image-'));
  if (kernel === undefined)
    throw new BuildFailure(`The package "${roots.kernelMeta}" depends on no kernel image.`);
  const names = [kernel, ...withLibraries(roots.others, graph)].sort();
  const uris = await command('apt-get', ['download', '--print-uris', ...names]);
  return parseUris(uris).sort((a, b) => (a.file < b.file ? -1 : 1));
}

/**
 * Runs `resolve`, and once more after `apt-get update` when the index does not know a package: a
 * fresh machine has no index yet. Only root can do that.
 */
export async function withIndex<T>(resolve: () => Promise<T>): Promise<T> {
  try {
    return await resolve();
  } catch (error) {
    const isUnknown = error instanceof BuildFailure && /apt-get update/.test(error.message);
    if (!isUnknown || process.getuid?.() !== 0) throw error;
    console.log('The package index lacks a package; running "apt-get update".');
    await command('apt-get', ['-q', 'update']);
    return await resolve();
  }
}

function withLibraries(roots: readonly string[], graph: DependsGraph): readonly string[] {
  const names = new Set(roots);
  // A Set is walked up to what is added on the way.
  for (const name of names)
    for (const library of (graph.get(name) ?? []).filter(isLibrary)) names.add(library);
  return [...names];
}

/** The `Depends:` of each package. */
export type DependsGraph = ReadonlyMap<string, readonly string[]>;

/**
 * Providers that are taken in place of a package. tgtd only wants sd_notify of libsystemd, which
 * brings a megabyte of compressors and cryptography along; elogind's build of it does not.
 */
const SMALLER: ReadonlySet<string> = new Set(['libelogind0']);

/**
 * Reads `apt-cache depends --recurse`: a package, indented its dependencies, and more indented
 * below each the packages that provide it, where one of {@link SMALLER} is preferred.
 */
export function parseDepends(text: string): DependsGraph {
  const graph = new Map<string, string[]>();
  let depends: string[] = [];
  for (const [, indent, label, name = ''] of text.matchAll(/^( *)(?:\|?(\w+): )?(\S+)$/gm)) {
    if (indent === '') graph.set(name, (depends = []));
    else if (label === 'Depends') depends.push(name);
    else if (label === undefined && SMALLER.has(name)) depends[depends.length - 1] = name;
  }
  return graph;
}

/** The lines of `apt-get download --print-uris`: 'address' file size SHA256:hash. */
export function parseUris(text: string): Package[] {
  const lines = text.split('\n').filter((line) => line.startsWith("'"));
  return lines.map((line) => {
    const match = /^'[^']+' (?<file>\S+) (?<size>\d+) SHA256:(?<sha256>[0-9a-f]{64})$/.exec(line);
    const { file, size, sha256 } = match?.groups ?? {};
    if (file === undefined || sha256 === undefined)
      throw new BuildFailure(`apt-get named a package without a SHA-256 sum: ${line}`);
    return { file, sizeBytes: Number(size), sha256 };
  });
}

function isLibrary(name: string): boolean {
  return (name.startsWith('lib') || name === 'zlib1g') && !name.endsWith('-perl');
}

/**
 * Makes `directory` hold every package, downloading only what is missing or damaged there.
 * @returns the names that were downloaded
 */
export async function fetchPackages(
  packages: readonly Package[],
  directory: string,
): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true });
  const missing: Package[] = [];
  for (const one of packages) if (!(await isWhole(one, directory))) missing.push(one);
  if (missing.length > 0) await download(missing, directory);
  return missing.map((one) => one.file);
}

/** Downloads beside the cache and moves whole, checked files into it. */
async function download(packages: readonly Package[], directory: string): Promise<void> {
  const partial = await mkdtemp(join(directory, 'partial-'));
  try {
    // The sandbox user of apt may not write to a directory of root's.
    const options = ['-q', '-o', 'APT::Sandbox::User=root'];
    await command('apt-get', [...options, 'download', ...packages.map(nameAndVersion)], partial);
    for (const one of packages) {
      if (!(await isWhole(one, partial)))
        throw new BuildFailure(`The download of ${one.file} is not what the index promised.`);
      await rename(join(partial, one.file), join(directory, one.file));
    }
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** `name=version` from a file name, whose epoch colon is written as %3a. */
export function nameAndVersion(one: Package): string {
  const [name = '', version = ''] = one.file.split('_');
  return `${name}=${decodeURIComponent(version)}`;
}

async function isWhole(one: Package, directory: string): Promise<boolean> {
  const path = join(directory, one.file);
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== one.sizeBytes) return false;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === one.sha256;
}
