import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import got from 'got';

/** The services' Python is the distribution's, whatever else stands in the caller's PATH. */
export const SYSTEM_ENV: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
  LANG: 'C.UTF-8',
  HOME: tmpdir(),
};

export type DaemonOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it serves now; asked again until it does. At once by default. */
  readonly ready?: () => Promise<boolean>;
  readonly withinMs?: number;
  /** How it is told to stop when all end; SIGKILL by default, for nothing of it is needed again. */
  readonly stopSignal?: NodeJS.Signals;
};

const READY_WITHIN_MS = 600_000;
const STOP_WITHIN_MS = 15_000;
const LOG_LINES = 15;
const atOnce = () => Promise.resolve(true);

/** Processes of a test, each with a log in `folder`; disposing ends them, the last one first. */
export class Daemons implements AsyncDisposable {
  readonly folder: string;
  readonly #running = new Map<string, { child: ChildProcess; stopSignal: NodeJS.Signals }>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Starts a process in a group of its own, and waits until it serves. */
  async start(
    name: string,
    [program = '', ...args]: readonly string[],
    options: DaemonOptions = {},
  ): Promise<void> {
    const { env = {}, ready = atOnce, stopSignal = 'SIGKILL' } = options;
    const log = openSync(this.logPath(name), 'a');
    // Ends with this process, also when that is killed and cannot dispose anything.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], {
      env: { ...SYSTEM_ENV, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    await once(child, 'spawn');
    this.#running.set(name, { child, stopSignal });
    const deadlineMs = performance.now() + (options.withinMs ?? READY_WITHIN_MS);
    while (!(await ready())) {
      const ended = child.exitCode !== null && `ended with ${child.exitCode}`;
      if (ended !== false || performance.now() > deadlineMs)
        throw new Error(`${name} ${ended || 'does not serve'}:\n${await this.#tail(name)}`);
      await delay(100);
    }
  }

  /** Ends a process with its whole group, for workers that it may have. */
  async end(name: string, signal?: NodeJS.Signals): Promise<void> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    if (running?.child.pid === undefined) return;
    const { child } = running;
    const { pid } = running.child;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      process.kill(-pid, signal ?? running.stopSignal);
      await Promise.race([ended, delay(STOP_WITHIN_MS, undefined, { ref: false })]);
    }
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  }

  logPath(name: string): string {
    return join(this.folder, `${name}.log`);
  }

  /** The last lines that each process wrote. */
  async logs(lines = LOG_LINES): Promise<string> {
    const texts = [...this.#running.keys()].map((name) => this.#tail(name, lines));
    return (await Promise.all(texts)).join('\n');
  }

  async #tail(name: string, lines = LOG_LINES): Promise<string> {
    const text = await readFile(this.logPath(name), 'utf8').catch(() => '');
    return `== ${name}\n${text.split('\n').slice(-lines).join('\n')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#running.keys()].toReversed()) await this.end(name);
  }
}

/** Whether anything answers HTTP there, whatever it says. */
export async function answers(url: string): Promise<boolean> {
  const options = { timeout: { request: 5000 }, retry: { limit: 0 }, throwHttpErrors: false };
  return got(url, options).then(
    () => true,
    () => false,
  );
}

/** A TCP port of loopback on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
