import { readdir, readFile } from 'node:fs/promises';
import { listenHolder } from '../../conductor/netboot/listen.ts';
import { MIB } from '../../conductor/values/units.ts';

const TICKS_PER_SECOND = 100;
const KIB = 1024;

/** What processes have used so far and hold now. */
export type Usage = {
  readonly processorMs: number;
  /** Memory with what is shared counted once (PSS), MiB. */
  readonly memoryMib: number;
};

/** Whoever listens on a TCP port here, with all that it started. */
export async function treeListeningOn(listenPort: number): Promise<readonly number[]> {
  const holder = await listenHolder('tcp', listenPort);
  if (holder === undefined) throw new Error(`nobody listens on TCP port ${listenPort}`);
  return treeOf(holder.pid);
}

/** A process and its children, theirs, and so on. */
export async function treeOf(root: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const stats = await Promise.all(pids.map(async (pid) => ({ pid, stat: await statOf(pid) })));
  const tree = [root];
  // Grows while it is walked.
  for (const parent of tree)
    tree.push(...stats.filter(({ stat }) => stat?.parent === parent).map(({ pid }) => pid));
  return tree;
}

/** The sum of what these processes use. */
export async function usageOf(pids: readonly number[]): Promise<Usage> {
  const each = await Promise.all(pids.map(usageOfOne));
  return {
    processorMs: sum(each.map(({ processorMs }) => processorMs)),
    memoryMib: sum(each.map(({ memoryMib }) => memoryMib)),
  };
}

/** The most that a process has ever held, MiB. */
export async function peakMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * KIB) / MIB;
}

async function usageOfOne(pid: number): Promise<Usage> {
  const stat = await statOf(pid);
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const pssKib = Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  return { processorMs: stat?.processorMs ?? 0, memoryMib: (pssKib * KIB) / MIB };
}

/** From proc_pid_stat(5): parent (field 4), own time (14, 15) and that of children that ended. */
async function statOf(pid: number): Promise<{ parent: number; processorMs: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const fields = text
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number);
  const ticks = sum(fields.slice(11, 15));
  return { parent: fields[1] ?? 0, processorMs: (ticks * 1000) / TICKS_PER_SECOND };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
