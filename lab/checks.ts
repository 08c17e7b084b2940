import { mkdir, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { readFileSync } from 'node:fs';
import { explain, IronpxeError } from '../conductor/errors/error.ts';
import { run } from '../conductor/process/run.ts';
import { formatBytes, MIB } from '../conductor/values/units.ts';
import { LabFault } from './fault.ts';

/** @throws LabFault when this process is not root */
export function checkRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new LabFault(
    'The lab needs root for its network namespace and machines.',
    'Run it with sudo: sudo npm run lab',
  );
}

/** @throws LabFault when the file system of `folder` has less than `neededBytes` free */
export async function checkDiskSpace(folder: string, neededBytes: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new LabFault(
    `Too little disk space in ${folder}: ${formatBytes(freeBytes)} free, ${formatBytes(neededBytes)} needed.`,
    'Free some, ask for fewer --nodes, or put the checkout onto a larger disk.',
  );
}

/** @throws LabFault when `nodes` machines do not fit into the memory that is free */
export function checkMemory(nodes: number, memoryMib: number): void {
  // QEMU itself takes about 200 MiB beside the machine's memory when it translates code.
  const neededBytes = nodes * (memoryMib + 200) * MIB;
  const freeBytes = availableMemoryBytes();
  if (freeBytes >= neededBytes) return;
  throw new LabFault(
    `Too little memory: ${formatBytes(freeBytes)} free, ${formatBytes(neededBytes)} needed for ${nodes} machines.`,
    'Ask for fewer --nodes or less --memory (at least 512).',
  );
}

function availableMemoryBytes(): number {
  const [, kib] = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return kib === undefined ? freemem() : Number(kib) * 1024;
}

/** @throws LabFault when QEMU cannot even start; its own words are in the message */
export async function checkQemu(): Promise<void> {
  try {
    await run('qemu-system-x86_64', ['--version'], { package: 'qemu-system-x86' });
  } catch (error) {
    if (!(error instanceof IronpxeError)) throw error;
    throw new LabFault(
      `QEMU cannot start: ${explain(error)}`,
      'Install it again: apt-get install --reinstall qemu-system-x86',
      { cause: error },
    );
  }
}
