import { access, constants } from 'node:fs/promises';
import { IronpxeError } from '../../errors/error.ts';

/** A boot loader file of a distribution package. */
export type LoaderFile = {
  /** Absolute path on this host. */
  readonly path: string;
  /** The Debian package that it comes from. */
  readonly package: string;
  /** Whether ironpxe starts without it: few sites have such machines, and its package is foreign. */
  readonly optional?: true;
};

const SYSLINUX = '/usr/lib/syslinux/modules/bios';
const GRUB = '/usr/lib/grub';

/** For machines that are no x86 of 64 bits: taken along where the operator put them. */
const OTHER_ARCHITECTURES: readonly (readonly [string, string, string])[] = [
  ['bootaa64.efi', '/usr/lib/shim/shimaa64.efi.signed', 'shim-signed:arm64'],
  [
    'grubaa64.efi',
    `${GRUB}/arm64-efi-signed/grubnetaa64.efi.signed`,
    'grub-efi-arm64-signed:arm64',
  ],
  ['snponly-arm64.efi', '/usr/lib/ipxe/snponly-arm64.efi', 'a build of iPXE for it'],
  ['ipxe-arm64.efi', '/usr/lib/ipxe/ipxe-arm64.efi', 'a build of iPXE for it'],
  ['bootia32.efi', `${GRUB}/i386-efi/monolithic/grubnetia32.efi`, 'grub-efi-ia32-bin'],
  ['snponly-ia32.efi', '/usr/lib/ipxe/snponly-ia32.efi', 'a build of iPXE for it'],
  ['ipxe-ia32.efi', '/usr/lib/ipxe/ipxe-ia32.efi', 'a build of iPXE for it'],
  ['bootarm.efi', `${GRUB}/arm-efi/monolithic/grubnetarm.efi`, 'grub-efi-arm-bin:armhf'],
  ['snponly-arm32.efi', '/usr/lib/ipxe/snponly-arm32.efi', 'a build of iPXE for it'],
  ['ipxe-arm32.efi', '/usr/lib/ipxe/ipxe-arm32.efi', 'a build of iPXE for it'],
];

/** The public files of the tree, by name: what any machine may fetch. */
export const LOADER_FILES: Readonly<Record<string, LoaderFile>> = {
  'pxelinux.0': { path: '/usr/lib/PXELINUX/pxelinux.0', package: 'pxelinux' },
  ...Object.fromEntries(
    ['undionly.kpxe', 'ipxe.pxe', 'snponly.efi', 'ipxe.efi'].map((name) => [
      name,
      { path: `/usr/lib/ipxe/${name}`, package: 'ipxe' },
    ]),
  ),
  'bootx64.efi': { path: '/usr/lib/shim/shimx64.efi.signed', package: 'shim-signed' },
  // shim takes its second stage from beside it, by this name.
  'grubx64.efi': {
    path: `${GRUB}/x86_64-efi-signed/grubnetx64.efi.signed`,
    package: 'grub-efi-amd64-signed',
  },
  ...Object.fromEntries(
    ['ldlinux.c32', 'chain.c32', 'libcom32.c32', 'libutil.c32'].map((name) => [
      name,
      { path: `${SYSLINUX}/${name}`, package: 'syslinux-common' },
    ]),
  ),
  ...Object.fromEntries(
    OTHER_ARCHITECTURES.map(([name, path, from]) => [
      name,
      { path, package: from, optional: true },
    ]),
  ),
};

/**
 * Checks which loader files can be read.
 * @returns those that are missing but not needed by everyone: name → what to do
 * @throws IronpxeError NETBOOT_LOADER_MISSING, naming each missing file and its package
 */
export async function checkLoaders(
  files: Readonly<Record<string, LoaderFile>>,
): Promise<ReadonlyMap<string, string>> {
  const rows = await Promise.all(
    Object.entries(files).map(async ([name, file]) => ({
      name,
      file,
      there: await isReadable(file.path),
    })),
  );
  const missing = rows.filter(({ there }) => !there);
  const needed = missing.flatMap(({ file }) => (file.optional ? [] : [file]));
  if (needed.length > 0) throw loadersMissing(needed);
  return new Map(
    missing.map(({ name, file }) => [name, `put ${file.path} there (${file.package})`]),
  );
}

function loadersMissing(files: readonly LoaderFile[]): IronpxeError {
  const paths = files.map(({ path }) => path).join(', ');
  const packages = [...new Set(files.map((file) => file.package))].join(' ');
  return new IronpxeError(
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
