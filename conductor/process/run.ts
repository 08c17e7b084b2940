import type { Result } from 'execa';
import { IronpxeError } from '../errors/error.ts';

/** How a child process is run. */
export type RunOptions = {
  readonly signal?: AbortSignal;
  /** After this many milliseconds the process is stopped; no bound by default. */
  readonly timeoutMs?: number;
  /** Text for its standard input; by default it has none. */
  readonly input?: string;
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are not an error; `[0]` by default. */
  readonly okCodes?: readonly number[];
  /** The distribution package to name when the program is missing. */
  readonly package?: string;
};

export type RunResult = {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
};

/**
 * Runs a program to its end, without a shell. Arguments show up in error messages and in the
 * process list, so secrets go by file, environment or `input`.
 * @throws IronpxeError COMMAND_NOT_FOUND, COMMAND_FAILED, COMMAND_TIMED_OUT
 */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { okCodes = [0] } = options;
  const result = await start(program, args, options);
  const text = { stdout: String(result.stdout ?? ''), stderr: String(result.stderr ?? '') };
  if (result.exitCode !== undefined && okCodes.includes(result.exitCode))
    return { ...text, exitCode: result.exitCode };
  const { code, exitCode, signal, timedOut, isCanceled } = result;
  throw failure(program, args, options, { code, exitCode, signal, timedOut, isCanceled, ...text });
}

async function start(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Result> {
  const { signal, timeoutMs, input, cwd, env } = options;
  // Loaded here: a conductor starts faster, and is smaller as long as it runs no program.
  const { execa } = await import('execa');
  return (await execa(program, [...args], {
    reject: false,
    stripFinalNewline: true,
    ...(signal && { cancelSignal: signal }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(cwd !== undefined && { cwd }),
    ...(env && { env: { ...env } }),
  })) as Result;
}

type Ended = {
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly timedOut?: boolean;
  readonly isCanceled?: boolean;
  readonly stdout: string;
  readonly stderr: string;
};

function failure(
  program: string,
  args: readonly string[],
  options: RunOptions,
  ended: Ended,
): unknown {
  if (ended.isCanceled) return options.signal?.reason;
  const command = [program, ...args].join(' ');
  if (ended.code === 'ENOENT') {
    const wanted = options.package ?? program;
    return new IronpxeError(
      'COMMAND_NOT_FOUND',
      `"${program}" is not installed (package ${wanted}).`,
    );
  }
  if (ended.timedOut)
    return new IronpxeError(
      'COMMAND_TIMED_OUT',
      `"${command}" did not end within ${options.timeoutMs} ms.`,
    );
  const how =
    ended.exitCode === undefined ? `signal ${ended.signal}` : `exit code ${ended.exitCode}`;
  const said = lastLines(ended.stderr || ended.stdout);
  return new IronpxeError('COMMAND_FAILED', `"${command}" ended with ${how}: ${said}`);
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join(' | ') || '(no output)';
}
