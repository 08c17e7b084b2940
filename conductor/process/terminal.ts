import type { Readable, Writable } from 'node:stream';

/** A program that runs on a terminal of its own. */
export type TerminalProcess = {
  /** What it shows; ends with the program. */
  readonly output: Readable;
  /** What is typed. */
  readonly input: Writable;
};

/**
 * Starts a program that only works on a terminal, behind script(1) of bsdutils. It is killed when
 * `signal` aborts. script(1) has its command run by a shell: that one gets the arguments as
 * variables, and reads none of them as code.
 */
export async function runOnTerminal(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<TerminalProcess> {
  const words = [program, ...args];
  const names = words.map((_, index) => `IRONPXE_WORD_${index}`);
  const command = `exec ${names.map((name) => `"$${name}"`).join(' ')}`;
  // Loaded here, as in run.ts.
  const { execa } = await import('execa');
  const child = execa('script', ['-q', '-e', '-f', '-c', command, '/dev/null'], {
    reject: false,
    buffer: false,
    cancelSignal: signal,
    env: { ...Object.fromEntries(words.map((word, index) => [names[index], word])), LC_ALL: 'C' },
  });
  return { output: child.stdout, input: child.stdin };
}
