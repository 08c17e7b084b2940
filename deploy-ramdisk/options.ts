import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BuildFailure } from './failure.ts';
import { FILE_SYSTEMS, PROFILES, type ProfileName } from './modules.ts';

/** Where downloads and results are kept, below the repository's root. */
export const CACHE = join(dirname(import.meta.dirname), '.cache');

export const HELP = `Builds the deploy ramdisk: a kernel and an initramfs from the distribution's packages.

  npm run build:ramdisk -- [--profile broad|full|virtio] [--output DIR] [--force]
                           [--local-boot] [--module NAME]... [--package NAME]...

  --profile  broad: servers and virtual machines (default); virtio: virtual machines only;
             full: broad, and what erases NVMe disks by their own command and lets an inspection
             tell the BMC's address and the switch (4.5 MiB more)
  --output   where kernel, initramfs and manifest.json go
             (default .cache/ramdisk, or .cache/ramdisk-PROFILE for another than broad)
  --local-boot
             adds the file systems that are mounted to install boot loaders
  --module   one more kernel module, with what it needs
  --package  one more package, whose firmware files are added where a module asks for them
             (example: --module bnx2x --package firmware-bnx2x)
  --force    build although nothing has changed
`;

export type Options = {
  readonly profile: ProfileName;
  readonly output: string;
  readonly force: boolean;
  readonly extraModules: readonly string[];
  readonly extraPackages: readonly string[];
};

/**
 * Reads the command line; undefined when help is asked for.
 * @throws BuildFailure for an unknown profile, TypeError for an unknown option
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      profile: { type: 'string', default: 'broad' },
      output: { type: 'string' },
      force: { type: 'boolean', default: false },
      'local-boot': { type: 'boolean', default: false },
      module: { type: 'string', multiple: true, default: [] },
      package: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { profile, force } = values;
  if (!isProfile(profile))
    throw new BuildFailure(
      `--profile is "${profile}", expected ${Object.keys(PROFILES).join(', ')}.`,
    );
  const home = join(CACHE, profile === 'broad' ? 'ramdisk' : `ramdisk-${profile}`);
  const wished = [...(values['local-boot'] ? FILE_SYSTEMS : []), ...values.module];
  const extraModules = wished.map((name) => name.replaceAll('-', '_'));
  const output = resolve(values.output ?? home);
  return { profile, force, output, extraModules, extraPackages: values.package };
}

function isProfile(name: string): name is ProfileName {
  return Object.hasOwn(PROFILES, name);
}
