// Runs in the guest: writes a plan with the kernel's initiator, and says how it went, in lines of JSON.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { DiskPlan } from '../../../conductor/deploy/plan/types.ts';
import {
  type KernelDiskOptions,
  openKernelDisk,
} from '../../../conductor/deploy/writers/classic/kernelDisk.ts';
import { removeLeftovers } from '../../../conductor/deploy/writers/classic/leftovers.ts';
import { writePlan } from '../../../conductor/deploy/writers/inProcess.ts';
import { IronpxeError } from '../../../conductor/errors/error.ts';
import { MIB } from '../../../conductor/values/units.ts';

/** What the guest is told to do. */
export type Task = {
  readonly target: Omit<KernelDiskOptions, 'owner' | 'signal'>;
  readonly plan: DiskPlan;
  readonly resumeFromBytes?: number;
  /** After so many bytes it is killed, or aborts. */
  readonly end?: { readonly how: 'kill' | 'abort'; readonly afterBytes: number };
};

/** What it says, one per line. */
export type Report =
  | { readonly kind: 'leftovers'; readonly interfaces: readonly string[] }
  | {
      readonly kind: 'progress';
      readonly doneBytes: number;
      readonly durableBytes: number;
      readonly sentBytes: number;
    }
  | {
      readonly kind: 'end';
      readonly code: string;
      readonly message: string;
      readonly tookMs: number;
    };

const OWNER = '/var/lib/ironpxe';
const { positionals } = parseArgs({ allowPositionals: true });
const task = JSON.parse(readFileSync(positionals[0] ?? '', 'utf8')) as Task;
const stop = new AbortController();
const beganAtMs = performance.now();
say({ kind: 'leftovers', interfaces: await removeLeftovers(OWNER) });
try {
  await write();
  end('OK', '');
} catch (error) {
  end(error instanceof IronpxeError ? error.code : 'BUG', String(error));
}

async function write(): Promise<void> {
  const { target, plan, resumeFromBytes } = task;
  await using disk = await openKernelDisk({ ...target, owner: OWNER, signal: stop.signal });
  const how = { chunkBytes: 8 * MIB, inFlightBytes: 32 * MIB, signal: stop.signal };
  for await (const progress of writePlan(plan, disk, { ...how, resumeFromBytes })) {
    const { doneBytes, durableBytes } = progress;
    say({ kind: 'progress', doneBytes, durableBytes, sentBytes: disk.sentBytes });
    if (task.end && doneBytes >= task.end.afterBytes) endEarly(task.end.how);
  }
}

function endEarly(how: 'kill' | 'abort'): void {
  if (how === 'kill') process.kill(process.pid, 'SIGKILL');
  stop.abort(new IronpxeError('OPERATION_ABORTED', 'Aborted in the middle.'));
}

function end(code: string, message: string): void {
  say({ kind: 'end', code, message, tookMs: performance.now() - beganAtMs });
}

function say(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
