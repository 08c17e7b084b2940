import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { run, type RunResult } from '../../../conductor/process/run.ts';

/** Which of `programs` are not installed here; also `root`, unless this is root. */
export function missingTools(programs: readonly string[]): string[] {
  const folders = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin');
  const missing = programs.filter(
    (program) => !folders.some((folder) => existsSync(resolve(folder, program))),
  );
  return process.getuid?.() === 0 ? missing : [...missing, 'root'];
}

/** Text that a process writes, with a way to wait for some of it. */
export class Transcript {
  text = '';
  #ended: string | undefined;
  #wake = Promise.withResolvers<void>();

  add(more: string): void {
    this.text += more;
    this.#wake.resolve();
  }

  end(how: string): void {
    this.#ended = how;
    this.#wake.resolve();
  }

  /** Waits until `pattern` has been written. Throws with the transcript when it never comes. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match !== null) return match;
      if (this.#ended !== undefined)
        throw new Error(`${pattern} never came; ${this.#ended}:\n${this.text.slice(-3000)}`);
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}

/** A process of a test, with what it wrote. */
export type Running = { readonly child: ChildProcess; readonly output: Transcript };

/** A network namespace of its own, which goes away with all processes started in it. */
export class TestNamespace implements AsyncDisposable {
  readonly name: string;
  readonly #running: ChildProcess[] = [];

  private constructor(name: string) {
    this.name = name;
  }

  static async make(label: string): Promise<TestNamespace> {
    const namespace = new TestNamespace(`ironpxe-test-${process.pid}-${label}`);
    await run('ip', ['netns', 'add', namespace.name]);
    await namespace.ip('link set lo up');
    return namespace;
  }

  /** Runs an `ip` command inside. */
  async ip(command: string): Promise<RunResult> {
    return run('ip', ['-n', this.name, ...command.split(' ')]);
  }

  /** Runs a program inside, to its end. */
  async run(
    program: string,
    args: readonly string[],
    timeoutMs = 30_000,
    okCodes: readonly number[] = [0, 1],
  ): Promise<RunResult> {
    return run('nsenter', [this.#flag(), program, ...args], { timeoutMs, okCodes });
  }

  /** Starts a program inside; after `timeoutMs` it is stopped, and waiting for its text fails. */
  start(program: string, args: readonly string[], timeoutMs: number): Running {
    const child = spawn('nsenter', [this.#flag(), program, ...args], { timeout: timeoutMs });
    const output = new Transcript();
    child.stdout.on('data', (bytes) => output.add(String(bytes)));
    child.stderr.on('data', (bytes) => output.add(String(bytes)));
    child.on('error', (error) => output.end(error.message));
    child.on('close', (code, signal) => output.end(`${program} ended (${signal ?? code})`));
    this.#running.push(child);
    return { child, output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await run('ip', ['netns', 'del', this.name]);
  }

  #flag(): string {
    return `--net=/run/netns/${this.name}`;
  }
}
