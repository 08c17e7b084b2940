import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SYSTEM_ENV } from './daemons.ts';

/** What a command said. */
export type Said = { readonly status: number; readonly out: string; readonly err: string };

/** The distribution's `openstack` command, with every plug-in that is installed. */
export type OpenStackCommand = AsyncDisposable & {
  /** Runs a command line, split at spaces; one with other words is given as a list. */
  readonly run: (line: string | readonly string[]) => Promise<Said>;
  /** The same with `-f json`, parsed. @throws Error with what it said, when it fails */
  readonly json: (line: string | readonly string[]) => Promise<ReturnType<typeof JSON.parse>>;
  /** The same for commands that print nothing to parse. */
  readonly ok: (line: string | readonly string[]) => Promise<string>;
};

const PROGRAM = join(import.meta.dirname, 'openstackCommand.py');

/** Starts it with the `OS_*` variables of a user; `prefix`: a command that runs it elsewhere. */
export function openStackCommand(
  env: Readonly<Record<string, string>>,
  prefix: readonly string[] = [],
): OpenStackCommand {
  const command = [...prefix, '/usr/bin/python3', PROGRAM];
  const child = spawn(command[0] ?? '', command.slice(1), {
    env: { ...SYSTEM_ENV, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const run = async (line: string | readonly string[]): Promise<Said> => {
    child.stdin.write(`${JSON.stringify(typeof line === 'string' ? line.split(' ') : line)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`The openstack command ended at ${String(line)}.`);
    return JSON.parse(value) as Said;
  };
  const ok = async (line: string | readonly string[]): Promise<string> => {
    const { status, out, err } = await run(line);
    if (status !== 0) throw new Error(`openstack ${String(line)} ended with ${status}: ${err}`);
    return out;
  };
  return {
    run,
    ok,
    async json(line) {
      const words = typeof line === 'string' ? line.split(' ') : line;
      return JSON.parse(await ok([...words, '-f', 'json']));
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
