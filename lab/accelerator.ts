import { constants } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { dirname } from 'node:path';
import { hasCode } from '../conductor/errors/error.ts';
import { run } from '../conductor/process/run.ts';
import type { Accelerator } from './machine.ts';

/** What was found out about KVM, and for which host. */
type Remembered = { readonly host: string; readonly accelerator: Accelerator };

/** How the probe is made. */
export type ProbeOptions = {
  /** A stock Linux kernel to try; absolute path. */
  readonly kernelPath: string;
  /** Where the answer is remembered; absolute path. */
  readonly cacheFile: string;
  /** 10,000 by default: a kernel under KVM needs about one second. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

const KVM = '/dev/kvm';

/**
 * Whether machines can run on the processor. `/dev/kvm` may be there and still not run a stock
 * kernel, so one is booted once, up to where it misses its root; the answer is remembered for this
 * processor, host kernel and QEMU.
 */
export async function chooseAccelerator(options: ProbeOptions): Promise<Accelerator> {
  const usable = await access(KVM, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!usable) return 'qemu';
  const host = await hostIdentity();
  const remembered = await readRemembered(options.cacheFile);
  if (remembered?.host === host) return remembered.accelerator;
  const accelerator = (await bootsUnderKvm(options)) ? 'kvm' : 'qemu';
  await mkdir(dirname(options.cacheFile), { recursive: true });
  await writeFile(options.cacheFile, `${JSON.stringify({ host, accelerator })}\n`);
  return accelerator;
}

async function hostIdentity(): Promise<string> {
  const { stdout } = await run('qemu-system-x86_64', ['--version'], {
    package: 'qemu-system-x86',
  });
  return [cpus()[0]?.model, release(), stdout.split('\n')[0]].join(', ');
}

async function readRemembered(path: string): Promise<Remembered | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Remembered;
  } catch {
    return undefined;
  }
}

async function bootsUnderKvm({
  kernelPath,
  timeoutMs = 10_000,
  signal,
}: ProbeOptions): Promise<boolean> {
  const machine = ['-machine', 'pc,graphics=off,accel=kvm', '-cpu', 'host', '-m', '256'];
  const quiet = ['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio'];
  const kernel = ['-kernel', kernelPath, '-append', 'console=ttyS0 panic=-1', '-no-reboot'];
  try {
    const { stdout } = await run('qemu-system-x86_64', [...machine, ...quiet, ...kernel], {
      timeoutMs,
      ...(signal && { signal }),
    });
    return /Kernel panic - not syncing/.test(stdout);
  } catch (error) {
    if (hasCode(error, 'COMMAND_FAILED', 'COMMAND_TIMED_OUT')) return false;
    throw error;
  }
}
