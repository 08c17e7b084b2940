import { join } from 'node:path';
import { execa } from 'execa';
import { LabFault } from './fault.ts';

/** The deploy ramdisk that was built; absolute paths. */
export type Ramdisk = { readonly kernelPath: string; readonly ramdiskPath: string };

const BUILD = join(import.meta.dirname, '..', 'deploy-ramdisk', 'build.ts');

const VARIANTS = {
  plain: { folder: 'ramdisk', options: [] },
  local: { folder: 'ramdisk-local', options: ['--local-boot'] },
  full: { folder: 'ramdisk-full', options: ['--profile', 'full'] },
} as const;

/**
 * Builds the deploy ramdisk where it is not up to date; it stands alone, so it runs as a program.
 * `local` can install boot loaders, `full` hears switches.
 * @throws LabFault with the last words of the build
 */
export async function buildRamdisk(
  cacheDir: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
  variant: 'plain' | 'local' | 'full' = 'plain',
): Promise<Ramdisk> {
  const { folder, options: more } = VARIANTS[variant];
  const output = join(cacheDir, folder);
  const child = execa(process.execPath, [BUILD, '--output', output, ...more], {
    reject: false,
    all: true,
    stdin: 'ignore',
    cancelSignal: signal,
  });
  const lines: string[] = [];
  for await (const line of child.iterable({ from: 'all' })) {
    lines.push(line);
    onLine(line);
  }
  const { exitCode } = await child;
  signal.throwIfAborted();
  if (exitCode === 0)
    return { kernelPath: join(output, 'kernel'), ramdiskPath: join(output, 'initramfs') };
  throw new LabFault(
    `The deploy ramdisk could not be built: ${lines.slice(-4).join(' | ')}`,
    'Run npm run build:ramdisk to see it alone; check that the package mirror can be reached.',
  );
}
