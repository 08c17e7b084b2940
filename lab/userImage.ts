import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { run } from '../conductor/process/run.ts';
import { MIB, roundUp } from '../conductor/values/units.ts';
import { hostDebian, type DebianSource } from './debian.ts';
import { LabFault } from './fault.ts';

/** A user system that was built: a real Debian with its own kernel and initramfs. */
export type UserImage = {
  /** Raw ext4 file system, not a whole disk. */
  readonly rootPath: string;
  readonly kernelPath: string;
  readonly ramdiskPath: string;
  readonly rootUuid: string;
  readonly sizeBytes: number;
  readonly release: string;
};

/** How to log in on its console. */
export const USER_LOGIN = { username: 'root', password: 'ironpxe' } as const;
/** What its console shows when it is up. */
export const LOGIN_PROMPT = /metal login: /;

/** How an image is built. `onStage` gets a few words at each stage of the build. */
export type UserImageOptions = {
  /** Absolute; holds one folder per recipe of one variant. */
  readonly cacheDir: string;
  /** `cloud`: with cloud-init, and with a kernel and GRUB of its own; plain by default. */
  readonly variant?: 'plain' | 'cloud';
  readonly onStage?: (stage: string) => void;
  readonly signal?: AbortSignal;
};

const PACKAGES = [
  'systemd-sysv',
  'udev',
  'kmod',
  'iproute2',
  'login',
  'initramfs-tools',
  'zstd',
  'linux-image-cloud-amd64',
];
const CLOUD_PACKAGES = [
  ...PACKAGES,
  'cloud-init',
  'grub-pc-bin',
  'grub-efi-amd64-bin',
  'grub2-common',
];
// Nobody reads these on a machine of the lab, and each byte is written over iSCSI.
const EXCLUDED = [
  ...['doc', 'man', 'info', 'locale', 'i18n', 'lintian', 'bug', 'zoneinfo'].map(
    (name) => `/usr/share/${name}/*`,
  ),
  // Names of devices that no virtual machine has.
  '/lib/udev/hwdb.d/*',
  '/usr/lib/udev/hwdb.d/*',
];
/** Merges /usr by itself: the package that does so otherwise brings 43 MiB of Perl. */
const MERGED_USR = '/usr/share/mmdebstrap/hooks/maybe-merged-usr';
/** The packages, and what is run on the result, which for most comes without a kernel. */
const RECIPES = {
  plain: { packages: PACKAGES, scripts: ['customize.sh'] },
  cloud: { packages: CLOUD_PACKAGES, scripts: ['spare-kernel.sh', 'customize.sh', 'cloud.sh'] },
} as const;
const RECIPE_FOLDER = join(import.meta.dirname, 'user-image');

/**
 * The lab's user image: taken from the cache, or built from distribution packages in about a
 * minute. An image is cached under the digest of its recipe and the Debian release.
 * @throws LabFault
 */
export async function userImage(options: UserImageOptions): Promise<UserImage> {
  const source = await hostDebian();
  const folder = join(options.cacheDir, await recipeKey(source, options));
  const cached = await readImage(folder);
  if (cached) return cached;
  const partial = `${folder}.partial-${process.pid}`;
  await removeOthers(options.cacheDir);
  await mkdir(partial, { recursive: true });
  try {
    await build(partial, source, options);
    await renameUnlessThere(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  const built = await readImage(folder);
  if (built) return built;
  throw new Error(`The user image in ${folder} was built but cannot be read.`);
}

/** Another lab may have built the same meanwhile; then that one is taken. */
async function renameUnlessThere(partial: string, folder: string): Promise<void> {
  try {
    await rename(partial, folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

async function recipeKey(source: DebianSource, { variant }: UserImageOptions): Promise<string> {
  const { packages, scripts } = RECIPES[variant ?? 'plain'];
  const hash = createHash('sha256').update(
    JSON.stringify([packages, EXCLUDED, MERGED_USR, source]),
  );
  for (const file of ['before-kernel.sh', ...scripts])
    hash.update(await readFile(join(RECIPE_FOLDER, file)));
  return `${source.release}-${hash.digest('hex').slice(0, 16)}`;
}

async function readImage(folder: string): Promise<UserImage | undefined> {
  const text = await readFile(join(folder, 'image.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const facts = JSON.parse(text) as Pick<UserImage, 'rootUuid' | 'sizeBytes' | 'release'>;
  return {
    ...facts,
    rootPath: join(folder, 'root.img'),
    kernelPath: join(folder, 'kernel'),
    ramdiskPath: join(folder, 'ramdisk'),
  };
}

// What another process is building right now stays; images of older recipes and of builds that
// were killed go.
async function removeOthers(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir).catch(() => [])) {
    const [ours, pid] = /^[a-z]+-[0-9a-f]{16}(?:\.partial-(\d+))?$/.exec(name) ?? [];
    if (ours === undefined) continue;
    if (pid === undefined || !isRunning(Number(pid)))
      await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function build(
  folder: string,
  source: DebianSource,
  { onStage, signal, variant }: UserImageOptions,
): Promise<void> {
  const rootUuid = randomUUID();
  const root = join(folder, 'root');
  const recipe = RECIPES[variant ?? 'plain'];
  const args = bootstrapArguments(folder, root, rootUuid, source, recipe);
  await bootstrapRoot(args, { onStage, signal });
  onStage?.('making the root file system');
  const sizeBytes = await makeFileSystem(root, join(folder, 'root.img'), rootUuid);
  await rm(root, { recursive: true, force: true });
  const facts = { rootUuid, sizeBytes, release: source.release };
  await writeFile(join(folder, 'image.json'), `${JSON.stringify(facts, undefined, 2)}\n`);
}

type Reporting = {
  readonly onStage: UserImageOptions['onStage'];
  readonly signal: AbortSignal | undefined;
};

/** What mmdebstrap mounts goes with it, and it goes with us, however it or we are killed. */
const OWN_MOUNTS =
  '--pdeathsig KILL -- unshare --mount --pid --fork --kill-child --mount-proc'.split(' ');

async function bootstrapRoot(
  args: readonly string[],
  { onStage, signal }: Reporting,
): Promise<void> {
  const child = execa('setpriv', [...OWN_MOUNTS, 'mmdebstrap', ...args], {
    reject: false,
    stdin: 'ignore',
    ...(signal && { cancelSignal: signal }),
  });
  const lines: string[] = [];
  for await (const line of child.iterable({ from: 'stderr' })) {
    lines.push(line);
    const [, said] = /^I: (?!running --)(.+?)(?:\.\.\.)?$/.exec(line) ?? [];
    if (said !== undefined) onStage?.(said);
  }
  const result = await child;
  signal?.throwIfAborted();
  if (result.exitCode === 0) return;
  throw new LabFault(
    `The user image could not be built: ${lines.slice(-6).join(' | ') || result.shortMessage}`,
    'Check that the package mirror can be reached (apt-get update) and that the disk has room.',
  );
}

function bootstrapArguments(
  folder: string,
  root: string,
  rootUuid: string,
  source: DebianSource,
  { packages, scripts }: (typeof RECIPES)[keyof typeof RECIPES],
): readonly string[] {
  const excludes = EXCLUDED.map((path) => `--dpkgopt=path-exclude=${path}`);
  const script = (name: string): string => `sh '${join(RECIPE_FOLDER, name)}' "$1"`;
  const keep = `cp "$1"/boot/vmlinuz-* '${folder}/kernel' && cp "$1"/boot/initrd.img-* '${folder}/ramdisk'`;
  return [
    '--mode=root',
    '--variant=minbase',
    '--format=directory',
    '--architectures=amd64',
    `--include=${packages.join(',')}`,
    '--dpkgopt=force-unsafe-io',
    `--hook-dir=${MERGED_USR}`,
    ...excludes,
    '--aptopt=Acquire::Languages "none"',
    ...source.aptOptions.map((option) => `--aptopt=${option}`),
    `--essential-hook=${script('before-kernel.sh')} ${rootUuid}`,
    `--customize-hook=${keep}`,
    ...scripts.map((name) => `--customize-hook=${script(name)}`),
    source.release,
    root,
    ...source.mirrors,
  ];
}

/** Makes a sparse ext4 image from a folder, with 96 MiB to spare; needs no mount. */
async function makeFileSystem(root: string, path: string, uuid: string): Promise<number> {
  const { stdout } = await run('du', ['--summarize', '--block-size=1', root]);
  const usedBytes = Number.parseInt(stdout, 10);
  const sizeBytes = roundUp(usedBytes * 1.05 + 96 * MIB, 4 * MIB);
  const features = ['-E', 'lazy_itable_init=1,lazy_journal_init=1', '-J', 'size=8', '-m', '0'];
  const args = ['-q', '-F', '-t', 'ext4', '-U', uuid, '-L', 'metal', ...features, '-d', root];
  await run('mke2fs', [...args, path, String(sizeBytes / 1024)], { package: 'e2fsprogs' });
  return sizeBytes;
}
