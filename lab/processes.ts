import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that can be told from a later one with the same pid. */
export type ProcessRecord = {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks between boot and its start: proc(5), stat, field 22. */
  readonly startTicks: number;
};

/** A process that outlives this one. `ended` settles with words for how it ended. */
export type Daemon = ProcessRecord & { readonly logPath: string; readonly ended: Promise<string> };

/**
 * Starts a process that goes on when this one ends, logs into `<stateDir>/log/<name>.log`, and
 * is recorded in `<stateDir>/pids/<name>.json`.
 */
export async function startDaemon(
  stateDir: string,
  name: string,
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Daemon> {
  const logPath = join(stateDir, 'log', `${name}.log`);
  await mkdir(join(stateDir, 'log'), { recursive: true });
  await mkdir(join(stateDir, 'pids'), { recursive: true });
  const log = openSync(logPath, 'a');
  const [program, ...args] = command;
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...env },
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  child.unref();
  if (child.pid === undefined) throw new Error(`${name} did not start: ${await ended}`);
  const record = { name, pid: child.pid, startTicks: startTicksOf(child.pid) ?? 0 };
  await writeFile(join(stateDir, 'pids', `${name}.json`), JSON.stringify(record));
  return { ...record, logPath, ended };
}

/** The recorded processes of a lab that are still the ones recorded. */
export async function recordedProcesses(stateDir: string): Promise<readonly ProcessRecord[]> {
  const folder = join(stateDir, 'pids');
  const files = await readdir(folder).catch(() => []);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.flatMap((text) => parseRecord(text) ?? []).filter(isAlive);
}

function parseRecord(text: string): ProcessRecord | undefined {
  try {
    return JSON.parse(text) as ProcessRecord;
  } catch {
    // Killed while it was written; the process is then found by its network namespace.
    return undefined;
  }
}

/** Whether the recorded process still runs; another process with its pid does not count. */
export function isAlive(record: ProcessRecord): boolean {
  return startTicksOf(record.pid) === record.startTicks;
}

/** The start time of a running process, `undefined` when there is none or it is a zombie. */
export function startTicksOf(pid: number): number | undefined {
  try {
    // The second field is the program name in parentheses and may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}

/** This process, so that another can see whether it still runs. */
export function thisProcess(name: string): ProcessRecord {
  return { name, pid: process.pid, startTicks: startTicksOf(process.pid) ?? 0 };
}

/**
 * Ends processes: SIGTERM, then SIGKILL for those that are left after `graceMs`.
 * @returns once all are gone
 */
export async function endProcesses(
  records: readonly ProcessRecord[],
  graceMs = 5000,
): Promise<void> {
  const started = performance.now();
  let signal: NodeJS.Signals = 'SIGTERM';
  for (const record of records) send(record, signal);
  while (records.some(isAlive)) {
    await delay(20);
    if (signal === 'SIGTERM' && performance.now() - started > graceMs) {
      signal = 'SIGKILL';
      for (const record of records) send(record, signal);
    }
    if (performance.now() - started > graceMs + 10_000)
      throw new Error(`Processes do not end: ${pidsOf(records.filter(isAlive))}.`);
  }
}

function pidsOf(records: readonly ProcessRecord[]): string {
  return records.map(({ name, pid }) => `${name} ${pid}`).join(', ');
}

function send(record: ProcessRecord, signal: NodeJS.Signals): void {
  if (!isAlive(record)) return;
  try {
    process.kill(record.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
