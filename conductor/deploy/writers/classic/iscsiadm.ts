import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { hasCode, IronpxeError } from '../../../errors/error.ts';
import type { ErrorCode } from '../../../errors/table.ts';
import { run } from '../../../process/run.ts';
import { DATABASES } from './record.ts';

const ATTEMPTS = 5;
const PAUSE_MS = 1000;
const TIMEOUT_MS = 60_000;
const NO_RECORDS = 21;

/** iscsiadm(8), "EXIT STATUS", as far as the difference matters. */
const FAILURES: Readonly<Record<number, { readonly code: ErrorCode; readonly retry: boolean }>> = {
  4: { code: 'ISCSI_CONNECT_FAILED', retry: true },
  5: { code: 'ISCSI_LOGIN_REFUSED', retry: true },
  8: { code: 'ISCSI_CONNECT_TIMED_OUT', retry: true },
  11: { code: 'ISCSI_CONNECT_TIMED_OUT', retry: true },
  18: { code: 'ISCSI_KERNEL_INITIATOR_MISSING', retry: true },
  19: { code: 'ISCSI_LOGIN_REFUSED', retry: false },
  20: { code: 'ISCSI_KERNEL_INITIATOR_MISSING', retry: true },
  [NO_RECORDS]: { code: 'ISCSI_TARGET_NOT_FOUND', retry: true },
  24: { code: 'ISCSI_LOGIN_AUTH_FAILED', retry: false },
};
const OTHER = { code: 'ISCSI_LOGIN_REFUSED', retry: true } as const;
const ANY_CODE = Array.from({ length: 64 }, (_, code) => code);

/** What one call of iscsiadm came to. */
export type Outcome = {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs iscsiadm once; its exit code says how it went. @throws IronpxeError COMMAND_* */
export function iscsiadm(args: readonly string[], signal?: AbortSignal): Promise<Outcome> {
  const common = { okCodes: ANY_CODE, timeoutMs: TIMEOUT_MS, package: 'open-iscsi' };
  return run('iscsiadm', args, { ...common, env: { LC_ALL: 'C' }, ...(signal && { signal }) });
}

/**
 * Runs iscsiadm up to five times, a second and a little more apart, so that conductors that start
 * together do not knock together.
 * @returns its standard output
 * @throws IronpxeError ISCSI_*, COMMAND_NOT_FOUND; the reason of `signal`
 */
export async function insist(
  doing: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const failed = await attemptOnce(doing, args, signal);
    if ('stdout' in failed) return failed.stdout;
    if (!failed.retry || attempt >= ATTEMPTS) throw failed.error;
    await setTimeout(PAUSE_MS * (1 + Math.random()), undefined, signal && { signal });
  }
}

async function attemptOnce(doing: string, args: readonly string[], signal?: AbortSignal) {
  try {
    const { exitCode, stdout, stderr } = await iscsiadm(args, signal);
    if (exitCode === 0) return { stdout };
    const { code, retry } = FAILURES[exitCode] ?? OTHER;
    // The reason is on the second line.
    const said = stderr.trim().replaceAll(/\s*\n(?:iscsiadm: )?/g, ' ');
    const message = `iscsiadm could not ${doing} (exit code ${exitCode}): ${said}`;
    return { retry, error: new IronpxeError(code, message) };
  } catch (error) {
    if (hasCode(error, 'COMMAND_TIMED_OUT')) return { retry: true, error };
    throw error;
  }
}

/**
 * Ends all sessions of one of our interfaces and forgets them and it; fine when there are none. The
 * interface goes last, so where it is not there, nothing is. iscsiadm cannot be asked: for one that
 * it does not know, its exit code is 3, 7 or 21, by version.
 * @throws IronpxeError ISCSI_LOGOUT_FAILED when a session is still there after five attempts
 */
export async function forgetIface(iface: string): Promise<void> {
  if (!(await ifaces()).includes(iface)) return;
  const node = ['--mode', 'node', '--interface', iface];
  await insistOnGone('log out', [...node, '--logout']);
  await insistOnGone('delete its records', [...node, '--op', 'delete']);
  const own = ['--mode', 'iface', '--interface', iface];
  await insistOnGone('delete its interface', [...own, '--op', 'delete']);
}

/** The names of all interfaces in the database of open-iscsi. */
export async function ifaces(): Promise<readonly string[]> {
  const folders = DATABASES.map((database) => join(database, 'ifaces'));
  return (await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))).flat();
}

/** Exit code 21 is "no records", 3 (out of the database) "no such interface": both are what is wished. */
async function insistOnGone(doing: string, args: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { exitCode, stderr } = await iscsiadm(args);
    if ([0, 3, NO_RECORDS].includes(exitCode)) return;
    if (attempt < ATTEMPTS) {
      await setTimeout(PAUSE_MS);
      continue;
    }
    const message = `iscsiadm could not ${doing} (exit code ${exitCode}): ${stderr.trim()}`;
    throw new IronpxeError('ISCSI_LOGOUT_FAILED', message);
  }
}
