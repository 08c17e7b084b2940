import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode, IronpxeError } from '../../errors/error.ts';
import { run } from '../../process/run.ts';
import type { Pacer } from '../bmc/pacing.ts';
import { ipmitoolOptions, type IpmiInfo } from './driverInfo.ts';
import { ipmiFault } from './faults.ts';

/** Commands to one BMC; each is sent again while the BMC says that it is busy. */
export type Ipmitool = {
  /** Runs `ipmitool … ARGS` and returns what it printed. @throws IronpxeError DRIVER_BMC_* */
  command(args: readonly string[]): Promise<string>;
  /** The arguments of a run that lasts; its password file goes when it is disposed of. */
  commandLine(
    args: readonly string[],
  ): Promise<AsyncDisposable & { readonly args: readonly string[] }>;
};

/** How commands are sent. */
export type IpmitoolOptions = {
  readonly pace: Pacer;
  /** How long a command is tried again on the texts of a busy BMC. */
  readonly retryForMs: number;
  readonly retryEveryMs: number;
  /** Bound of one run of ipmitool. */
  readonly commandTimeoutMs: number;
  /** Seconds that ipmitool waits for an answer (-N), and how often it asks again (-R). */
  readonly waitSeconds: number;
  readonly repeats: number;
  readonly signal: AbortSignal;
};

const ANY_EXIT_CODE = Array.from({ length: 256 }, (_, code) => code);

/** The BMC's identity: what commands must not overlap on. */
export function bmcOf({ address, listenPort }: IpmiInfo): string {
  return `${address}:${listenPort}`;
}

/** ipmitool for the BMC that `info` names. */
export function ipmitoolOn(info: IpmiInfo, options: IpmitoolOptions): Ipmitool {
  const { pace, signal, retryForMs, retryEveryMs } = options;
  return {
    async commandLine(args) {
      const folder = await passwordFolder(info.password);
      return {
        args: [...connectionArgs(info, options, folder.file), ...args],
        [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
      };
    },
    async command(args) {
      const giveUpAtMs = performance.now() + retryForMs;
      for (;;) {
        try {
          return await pace(bmcOf(info), signal, () => once(info, args, options));
        } catch (error) {
          const again = hasCode(error, 'DRIVER_BMC_BUSY') && performance.now() < giveUpAtMs;
          if (!again) throw error;
          await delay(retryEveryMs, undefined, { signal });
        }
      }
    },
  };
}

async function once(
  info: IpmiInfo,
  args: readonly string[],
  options: IpmitoolOptions,
): Promise<string> {
  await using folder = await passwordFolder(info.password);
  // -v: without it a wrong password and a BMC that is gone give the same text.
  const all = ['-v', ...connectionArgs(info, options, folder.file), ...args];
  const result = await run('ipmitool', all, {
    signal: options.signal,
    timeoutMs: options.commandTimeoutMs,
    env: { LC_ALL: 'C' },
    okCodes: ANY_EXIT_CODE,
    package: 'ipmitool',
  }).catch((error: unknown) => {
    throw stuck(info, args, error);
  });
  if (result.exitCode === 0) return result.stdout;
  throw ipmiFault(bmcOf(info), args.join(' '), `${result.stderr}\n${result.stdout}`);
}

function connectionArgs(
  info: IpmiInfo,
  { waitSeconds, repeats }: IpmitoolOptions,
  passwordFile: string,
): readonly string[] {
  const patience = ['-N', String(waitSeconds), '-R', String(repeats)];
  return [...ipmitoolOptions(info), ...patience, '-f', passwordFile];
}

function stuck(info: IpmiInfo, args: readonly string[], error: unknown): unknown {
  if (!hasCode(error, 'COMMAND_TIMED_OUT')) return error;
  const message = `BMC ${bmcOf(info)}: "${args.join(' ')}" did not end in time.`;
  return new IronpxeError('DRIVER_BMC_UNREACHABLE', message, { cause: error });
}

/** The password as a file that only this user can read. ipmitool takes an empty file for none. */
async function passwordFolder(
  password: string,
): Promise<AsyncDisposable & { readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-ipmi-'));
  const destroy = () => rm(folder, { recursive: true, force: true });
  const file = join(folder, 'password');
  try {
    await writeFile(file, password === '' ? '\0' : password, { mode: 0o600 });
  } catch (error) {
    await destroy();
    throw error;
  }
  return { file, [Symbol.asyncDispose]: destroy };
}
