import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../conductor/cli/cli.ts';
import type { JsonObject } from '../../conductor/store/types.ts';
import { type Harness, openHarness } from '../api/harness.ts';

/** What a command line did. */
export type Ran = { readonly status: number; readonly out: string; readonly err: string };

/** The command against a real API on a unix socket. */
export type CliHarness = Harness & {
  readonly run: (line: string, options?: RunOptions) => Promise<Ran>;
  readonly url: string;
};

export type RunOptions = {
  readonly isTty?: boolean;
  readonly signal?: AbortSignal;
  /** Called with everything that was written so far. */
  readonly onOut?: (out: string) => void;
  readonly env?: Record<string, string>;
};

type Test = { teardown(fn: () => Promise<void>): void };

/** Serves an empty API on a socket in a folder of its own. */
export async function openCli(t: Test): Promise<CliHarness> {
  const api = await openHarness();
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-cli-'));
  const socket = join(folder, 'api.sock');
  await api.app.listen({ path: socket });
  t.teardown(async () => {
    await api.close();
    await rm(folder, { recursive: true });
  });
  const url = `unix:${socket}`;
  return { ...api, url, run: (line, options) => run(line, { IRONPXE_URL: url }, options) };
}

/** Runs a command line; words in double quotes stay together. */
export async function run(
  line: string,
  env: Record<string, string>,
  options: RunOptions = {},
): Promise<Ran> {
  const args = Array.from(line.matchAll(/"([^"]*)"|(\S+)/g), (match) => match[1] ?? match[2] ?? '');
  let out = '';
  let err = '';
  const status = await runCli(args, {
    out: (text) => {
      out += text;
      options.onOut?.(out);
    },
    err: (text) => {
      err += text;
    },
    isTty: options.isTty ?? false,
    columns: 100,
    env: { ...env, ...options.env },
    signal: options.signal ?? new AbortController().signal,
  });
  return { status, out, err };
}

/** The JSON texts of an output, line by line. */
export function jsonLines(text: string): JsonObject[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject);
}
