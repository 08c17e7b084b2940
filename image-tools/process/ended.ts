import { ImageToolError } from '../errors/error.ts';

/** How a program ended, as far as execa tells. */
export type Ended = {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly timedOut?: boolean;
  readonly stdout: string;
  readonly stderr: string;
};

/** The error for a program that ended otherwise than wished: PROGRAM_TIMED_OUT or PROGRAM_FAILED. */
export function endedBadly(command: string, ended: Ended, timeoutMs?: number): ImageToolError {
  if (ended.timedOut)
    return new ImageToolError(
      'PROGRAM_TIMED_OUT',
      `"${command}" did not end within ${timeoutMs} ms.`,
    );
  const how =
    ended.exitCode === undefined ? `signal ${ended.signal}` : `exit status ${ended.exitCode}`;
  const said = lastLines(ended.stderr || ended.stdout);
  return new ImageToolError('PROGRAM_FAILED', `"${command}" ended with ${how}: ${said}`);
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join(' | ') || '(no output)';
}

/**
 * Whether a program could not be started because it is not there. EACCES: a user who may not look
 * into some folder of PATH is told that when the others do not have it either.
 */
export function isMissingProgram(code: string | undefined): boolean {
  return code === 'ENOENT' || code === 'EACCES';
}
