import { execa } from 'execa';
import { ImageToolError } from '../errors/error.ts';
import { endedBadly, isMissingProgram } from './ended.ts';
import { packageOf } from './packages.ts';

/** How a program is run. */
export type RunOptions = {
  readonly signal?: AbortSignal | undefined;
  /** After this many milliseconds it is stopped; no bound by default. */
  readonly timeoutMs?: number;
  /** Text for its standard input; by default it has none. */
  readonly input?: string;
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Exit statuses that are not an error; `[0]` by default. */
  readonly okStatuses?: readonly number[];
};

export type RunResult = {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitStatus: number;
};

/**
 * Runs a program to its end, without a shell and with messages in English.
 * @throws ImageToolError PROGRAM_MISSING, PROGRAM_FAILED, PROGRAM_TIMED_OUT; the signal's reason
 */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { signal, timeoutMs, input, cwd, env, okStatuses = [0] } = options;
  signal?.throwIfAborted();
  const ended = await execa(program, [...args], {
    reject: false,
    env: { LC_ALL: 'C.UTF-8', ...env },
    ...(signal && { cancelSignal: signal }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(cwd !== undefined && { cwd }),
  });
  signal?.throwIfAborted();
  const text = { stdout: ended.stdout ?? '', stderr: ended.stderr ?? '' };
  if (ended.exitCode !== undefined && okStatuses.includes(ended.exitCode))
    return { ...text, exitStatus: ended.exitCode };
  if (isMissingProgram(ended.code))
    throw new ImageToolError(
      'PROGRAM_MISSING',
      `"${program}" is not installed (package ${packageOf(program)}).`,
    );
  const { exitCode, signal: killedBy, timedOut } = ended;
  const how = { ...text, exitCode, signal: killedBy, timedOut };
  throw endedBadly([program, ...args].join(' '), how, timeoutMs);
}
