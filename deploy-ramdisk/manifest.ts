import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The size in bytes of the deploy ramdisk (initramfs) of the 2014 walk-through. */
const SIZE_IN_2014 = 95_220_206;
const MIB = 1024 * 1024;

export type Artifact = { readonly sizeBytes: number; readonly sha256: string };

/** What was built from what: `manifest.json` beside the two files. */
export type Manifest = {
  readonly key: string;
  readonly profile: string;
  readonly kernelVersion: string;
  readonly kernel: Artifact;
  readonly initramfs: Artifact;
  readonly modules: readonly string[];
  readonly packages: readonly string[];
};

/** The manifest in a folder; undefined when there is none or it cannot be read. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return undefined;
  }
}

/** Whether the folder holds, whole, what `key` stands for. */
export async function isCurrent(was: Manifest, key: string, folder: string): Promise<boolean> {
  if (was.key !== key) return false;
  for (const name of ['kernel', 'initramfs'] as const) {
    const data = await readFile(join(folder, name)).catch(() => undefined);
    if (!data || describe(data).sha256 !== was[name].sha256) return false;
  }
  return true;
}

export function describe(data: Buffer): Artifact {
  return { sizeBytes: data.length, sha256: createHash('sha256').update(data).digest('hex') };
}

/** The sizes for people, beside those of 2014. */
export function report({ kernel, initramfs, kernelVersion, modules }: Manifest): string {
  const both = kernel.sizeBytes + initramfs.sizeBytes;
  const times = (SIZE_IN_2014 / initramfs.sizeBytes).toFixed(1);
  return [
    `  kernel     ${size(kernel.sizeBytes)}  ${kernelVersion}`,
    `  initramfs  ${size(initramfs.sizeBytes)}  ${modules.length} kernel modules`,
    `  together   ${size(both)}`,
    `  2014       ${size(SIZE_IN_2014)}  the initramfs of 2014, ${times} times as large as this one`,
  ].join('\n');
}

function size(bytes: number): string {
  const exact = bytes.toLocaleString('en').padStart(11);
  return `${exact} bytes = ${(bytes / MIB).toFixed(2).padStart(5)} MiB`;
}
