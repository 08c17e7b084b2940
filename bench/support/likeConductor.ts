import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../../bin');
const LAUNCHER = readFileSync(join(BIN, 'ironpxe'), 'utf8');

/** How bin/ironpxe runs the conductor: for a part of it that is measured in a process of its own. */
export const LIKE_CONDUCTOR = {
  flags: flagsIn(LAUNCHER),
  env: defaultsIn(LAUNCHER),
} as const;

/** What it gives to Node, in the one command that it becomes. */
function flagsIn(launcher: string): string[] {
  const [, command = ''] = launcher.split('\nexec ');
  const flags = command.match(/--[a-z][a-z-]*(=\S+)?/g);
  if (flags === null) throw new Error('bin/ironpxe: found no "exec" with flags of Node');
  return flags;
}

/** The variables that it sets where they are not set: `NAME=${NAME:-value}`. */
function defaultsIn(launcher: string): Record<string, string> {
  const found = launcher.matchAll(/^(\w+)=\$\{\1:-([^}]*)\}$/gm);
  return Object.fromEntries(
    [...found].map(([, name, value = '']) => [name, value.replace('$here', BIN)]),
  );
}
