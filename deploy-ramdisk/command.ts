import { execa } from 'execa';
import { BuildFailure, wayOut } from './failure.ts';

const PACKAGE_OF: Readonly<Record<string, string>> = {
  'apt-get': 'apt: this build needs a Debian-like system',
  'apt-cache': 'apt: this build needs a Debian-like system',
  dpkg: 'dpkg: this build needs a Debian-like system',
  depmod: 'kmod',
  modinfo: 'kmod',
  xz: 'xz-utils',
};

/**
 * Runs a program to its end and returns its standard output.
 * @throws BuildFailure when it is missing or ends with another code than 0
 */
export async function command(
  program: string,
  args: readonly string[],
  cwd = '/',
): Promise<string> {
  const result = await execa(program, [...args], {
    cwd,
    reject: false,
    stdin: 'ignore',
    // Messages are matched and shown, so they must not be translated.
    env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (!result.failed) return result.stdout;
  if (result.code === 'ENOENT')
    throw new BuildFailure(
      `"${program}" is not installed (package ${PACKAGE_OF[program] ?? program}).`,
    );
  const said = lastLines(result.stderr || result.stdout);
  const line = `"${[program, ...args].join(' ').slice(0, 200)}" failed: ${said}`;
  throw new BuildFailure([line, wayOut(result.stderr)].join(' ').trim());
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' | ') || '(no output)';
}
