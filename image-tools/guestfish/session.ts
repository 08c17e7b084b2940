import { randomUUID } from 'node:crypto';
import { execa, type ResultPromise } from 'execa';
import { ImageToolError } from '../errors/error.ts';
import { isMissingProgram } from '../process/ended.ts';
import { Answers } from './answers.ts';
import { quoteArgument } from './quoting.ts';

/** How guestfish is started. */
export type SessionOptions = {
  readonly env: Readonly<Record<string, string>>;
  /** The user to run as, when this process may choose. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

const COMMAND_TIMEOUT_MS = 120_000;

/**
 * One guestfish process that takes commands one after the other. Each command is followed by two
 * marks, one for each output stream: libguestfs tells success only by the absence of an error line,
 * and a file's content on standard output can never pass for one. A random part keeps the image
 * from writing a mark itself.
 */
export class GuestfishSession implements AsyncDisposable {
  readonly #child: ResultPromise;
  readonly #stdout = new Answers();
  readonly #stderr = new Answers();
  readonly #secret = randomUUID();
  #count = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions) {
    const { env, uid, gid, signal } = options;
    this.#child = execa('guestfish', ['--no-progress-bars'], {
      reject: false,
      buffer: false,
      env: { LC_ALL: 'C.UTF-8', ...env },
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
      ...(signal && { cancelSignal: signal }),
      forceKillAfterDelay: 2000,
    }) as ResultPromise;
    this.#listen();
  }

  #listen(): void {
    const streams = [
      [this.#child.stdout, this.#stdout],
      [this.#child.stderr, this.#stderr],
    ] as const;
    for (const [stream, answers] of streams) {
      stream?.setEncoding('utf8');
      stream?.on('data', (chunk: string) => answers.push(chunk));
      stream?.on('end', () => answers.end());
    }
    this.#child.stdin?.on('error', () => {});
    void this.#endAnswers();
  }

  /** Also when it never started, and so has no streams. */
  async #endAnswers(): Promise<void> {
    await this.#child;
    this.#stdout.end();
    this.#stderr.end();
  }

  /**
   * Runs one command and returns what it printed.
   * @throws ImageToolError GUEST_COMMAND_FAILED, PROGRAM_TIMED_OUT, PROGRAM_FAILED, PROGRAM_MISSING
   */
  async command(
    name: string,
    args: readonly string[] = [],
    timeoutMs: number = COMMAND_TIMEOUT_MS,
  ): Promise<string> {
    const mine = this.#queue.then(() => this.#run(name, args, timeoutMs));
    this.#queue = mine.catch(() => {});
    return mine;
  }

  async #run(name: string, args: readonly string[], timeoutMs: number): Promise<string> {
    this.#count += 1;
    const mark = `mark-${this.#secret}-${this.#count}`;
    const line = [`-${name}`, ...args.map(quoteArgument)].join(' ');
    const marks = Promise.all([this.#stdout.until(mark), this.#stderr.until(mark)]);
    this.#child.stdin?.write(`${line}\necho ${mark}\n-${mark}\n`);
    const [out, errors] = await this.#inTime(marks, name, timeoutMs);
    if (out === undefined || errors === undefined) throw await this.#died(name);
    const failure = failureIn(errors);
    if (failure !== undefined)
      throw new ImageToolError('GUEST_COMMAND_FAILED', `${name} ${args.join(' ')}: ${failure}`);
    return out;
  }

  async #inTime<T>(work: Promise<T>, name: string, timeoutMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(
          new ImageToolError(
            'PROGRAM_TIMED_OUT',
            `guestfish did not end its command "${name}" within ${timeoutMs} ms.`,
          ),
        );
        this.#child.kill('SIGKILL');
      }, timeoutMs);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  async #died(name: string): Promise<unknown> {
    const ended = await this.#child;
    if (ended.isCanceled) return ended.cause;
    if (isMissingProgram(ended.code))
      return new ImageToolError(
        'PROGRAM_MISSING',
        '"guestfish" is not installed (package guestfish).',
      );
    const said = this.#stderr.rest.trim().split('\n').slice(-5).join(' | ');
    const how = ended.signal ?? `exit status ${ended.exitCode}`;
    return new ImageToolError(
      'PROGRAM_FAILED',
      `guestfish ended with ${how} during "${name}": ${said || '(no output)'}`,
    );
  }

  /** Puts what was written on the disks. */
  async settle(): Promise<void> {
    await this.command('umount-all');
  }

  /** Ends the session in order. */
  async close(): Promise<void> {
    await this.command('shutdown');
    this.#child.stdin?.end('exit\n');
    await this.#child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    this.#child.kill('SIGTERM');
    await this.#child;
  }
}

/**
 * The first complaint on standard error. Errors come in several forms (`*stdin*:7: libguestfs:
 * error: …`, `add: unknown optional argument …`), so all that is no warning counts as one.
 */
export function failureIn(errors: string): string | undefined {
  const complaint = errors
    .split('\n')
    .find((line) => line.trim() !== '' && !/\bwarning:/i.test(line));
  return complaint?.replace(/^(?:\*stdin\*:\d+: )?(?:libguestfs: error: )?/, '');
}
