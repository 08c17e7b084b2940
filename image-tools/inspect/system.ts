import type { BootEntry } from '../bootEntries/entry.ts';
import {
  cleanKernelOptions,
  splitOptions,
  type KernelOptions,
} from '../bootEntries/kernelOptions.ts';
import { ImageToolError } from '../errors/error.ts';
import type { OsRelease } from '../root/osRelease.ts';
import type { Mounted } from './access.ts';
import { findBoot, type FoundBoot } from './boot.ts';
import {
  findDeployment,
  findFstabs,
  findRootBase,
  readOsRelease,
  type Deployment,
} from './root.ts';
import { stableRoot } from './stableRoot.ts';

/** The system that an image boots. */
export type FoundSystem = {
  readonly boot: FoundBoot;
  readonly entry: BootEntry;
  readonly entryNumber: number;
  readonly root: Mounted;
  /** Folder at which the root begins in its file system: `/` but for btrfs subvolumes. */
  readonly rootBase: string;
  readonly options: KernelOptions;
  readonly deployment: Deployment | undefined;
  readonly os: OsRelease | undefined;
  readonly kernelVersion: string;
  readonly fstabs: readonly string[];
};

export type SystemChoice = {
  /** Which boot entry, in menu order; 0 is what the machine boots. */
  readonly deployment?: number | undefined;
  /** Which root, when there are several: its name. */
  readonly root?: string | undefined;
};

/**
 * Finds what the machine would boot from this image.
 * @throws ImageToolError NO_ROOT, SEVERAL_ROOTS, NO_KERNEL, NO_SUCH_DEPLOYMENT, BOOT_ENTRY_UNSAFE
 */
export async function findSystem(
  mounted: readonly Mounted[],
  choice: SystemChoice = {},
): Promise<FoundSystem> {
  const { root, base: rootBase } = await chooseRoot(mounted, choice.root);
  const boot = await chooseBoot(mounted, root);
  const entryNumber = choice.deployment ?? 0;
  const entry = boot.entries[entryNumber];
  if (!entry)
    throw new ImageToolError(
      'NO_SUCH_DEPLOYMENT',
      `There is no boot entry ${entryNumber}; the image has ${boot.entries.length}: ` +
        `${boot.entries.map(({ title }, number) => `${number} ${title}`).join(', ')}.`,
    );
  const options = stableRoot(cleanKernelOptions(entry.options, boot.variables), root);
  const deployment = await deploymentOf(root, options);
  const home = deployment?.path ?? rootBase;
  return {
    boot,
    entry,
    entryNumber,
    root,
    rootBase,
    options,
    deployment,
    os: await readOsRelease(root.files, home),
    kernelVersion: /vmlinu[xz]-(.+)$/.exec(entry.linux)?.[1] ?? entry.version,
    fstabs: await findFstabs(root.files, rootBase, deployment !== undefined),
  };
}

async function deploymentOf(
  root: Mounted,
  options: KernelOptions,
): Promise<Deployment | undefined> {
  const option = splitOptions(options.append).findLast((each) => each.startsWith('ostree='));
  return option === undefined
    ? undefined
    : findDeployment(root.files, option.slice('ostree='.length));
}

async function chooseRoot(mounted: readonly Mounted[], wanted: string | undefined) {
  const roots: { root: Mounted; base: string }[] = [];
  for (const root of mounted) {
    const base = await findRootBase(root.files, root.btrfs);
    if (base !== undefined) roots.push({ root, base });
  }
  const names = roots.map(({ root }) => root.name).join(', ');
  const fitting = wanted === undefined ? roots : roots.filter(({ root }) => root.name === wanted);
  const [first, ...more] = fitting;
  if (!first)
    throw new ImageToolError(
      'NO_ROOT',
      wanted === undefined
        ? `None of the file systems holds a system: ${mounted.map(({ name }) => name).join(', ') || 'none readable'}.`
        : `There is no root ${wanted}; found ${names || 'none'}.`,
    );
  if (more.length > 0)
    throw new ImageToolError('SEVERAL_ROOTS', `The image holds several roots: ${names}.`);
  return first;
}

/** A /boot of its own goes before the folder in the root, which it would hide. */
async function chooseBoot(mounted: readonly Mounted[], root: Mounted): Promise<FoundBoot> {
  for (const each of mounted) {
    if (each === root) continue;
    const found = await findBoot(each.files, '/');
    if (found) return found;
  }
  const inside = await findBoot(root.files, '/boot');
  if (inside) return inside;
  throw new ImageToolError(
    'NO_KERNEL',
    `Neither a /boot of its own nor the one in ${root.name} holds a kernel with a ramdisk.`,
  );
}
