import { posix } from 'node:path';
import type { BootEntry } from '../bootEntries/entry.ts';
import { inMenuOrder } from '../bootEntries/versionOrder.ts';
import type { Files } from '../filesystems/files.ts';

/** How distributions name the ramdisk of a kernel version. */
const RAMDISK_NAMES = [
  (version: string) => `initramfs-${version}.img`,
  (version: string) => `initrd.img-${version}`,
  (version: string) => `initrd-${version}`,
];

/** Entries made up from `vmlinuz-VERSION` and its ramdisk, for a /boot without any configuration. */
export async function kernelsByName(files: Files, base: string): Promise<BootEntry[]> {
  const names = await files.list(base);
  const entries = names.flatMap((name): BootEntry[] => {
    const version = /^vmlinuz-(.+)$/.exec(name)?.[1];
    if (version === undefined) return [];
    const ramdisk = RAMDISK_NAMES.map((of) => of(version)).find((each) => names.includes(each));
    if (ramdisk === undefined) return [];
    return [
      {
        id: name,
        title: `Linux ${version}`,
        version,
        linux: posix.join('/', name),
        initrds: [posix.join('/', ramdisk)],
        options: 'ro',
      },
    ];
  });
  return inMenuOrder(entries);
}
