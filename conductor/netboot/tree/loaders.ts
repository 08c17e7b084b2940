import { access, constants } from 'node:fs/promises';
import { IronpxeError } from '../../errors/error.ts';

/** A boot loader file of a distribution package. */
export type LoaderFile = {
  /** Absolute path on this host. */
  readonly path: string;
  /** The Debian package that it comes from. */
  readonly package: string;
};

const SYSLINUX = '/usr/lib/syslinux/modules/bios';

/** The public files of the tree, by name: what any machine may fetch. */
export const LOADER_FILES: Readonly<Record<string, LoaderFile>> = {
  'pxelinux.0': { path: '/usr/lib/PXELINUX/pxelinux.0', package: 'pxelinux' },
  'undionly.kpxe': { path: '/usr/lib/ipxe/undionly.kpxe', package: 'ipxe' },
  ...Object.fromEntries(
    ['ldlinux.c32', 'chain.c32', 'libcom32.c32', 'libutil.c32'].map((name) => [
      name,
      { path: `${SYSLINUX}/${name}`, package: 'syslinux-common' },
    ]),
  ),
};

/**
 * Checks that every loader file can be read.
 * @throws IronpxeError NETBOOT_LOADER_MISSING, naming each missing file and its package
 */
export async function checkLoaders(files: Readonly<Record<string, LoaderFile>>): Promise<void> {
  const rows = await Promise.all(
    Object.values(files).map(async (file) => ({ file, there: await isReadable(file.path) })),
  );
  const missing = rows.filter(({ there }) => !there).map(({ file }) => file);
  if (missing.length === 0) return;
  const paths = missing.map(({ path }) => path).join(', ');
  const packages = [...new Set(missing.map((file) => file.package))].join(' ');
  throw new IronpxeError(
    'NETBOOT_LOADER_MISSING',
    `Boot loader files cannot be read: ${paths} (apt-get install ${packages}).`,
  );
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
