import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../conductor/process/run.ts';
import { LabFault } from './fault.ts';
import { netnsOf, processesIn, removeNetwork } from './network.ts';
import {
  endProcesses,
  isAlive,
  recordedProcesses,
  startTicksOf,
  thisProcess,
  type ProcessRecord,
} from './processes.ts';

/** The file that says what a state folder is; it is written before anything else is made. */
export type LabRecord = {
  readonly name: string;
  /** The process that sets the lab up or tests with it; `undefined` once the lab stands alone. */
  readonly owner?: ProcessRecord | undefined;
  /** Whatever else a later command needs. */
  readonly details?: unknown;
};

const RECORD = 'lab.json';
// unix(7): 107 bytes for a path, of which libvirtd's longest takes the last ones.
const LONGEST_STATE_DIR = 107 - '/vhost/run/libvirt/libvirt-admin-sock'.length;
const NAME = /^[a-z0-9][a-z0-9-]{0,30}$/;

/**
 * Takes a state folder for a lab: clears what an earlier one left there, and writes the record.
 * @throws LabFault for a bad name, a folder with other things in it, or a lab that is in use
 */
export async function claimState(stateDir: string, name: string): Promise<void> {
  checkLabName(name);
  if (Buffer.byteLength(stateDir) > LONGEST_STATE_DIR)
    throw new LabFault(
      `The folder ${stateDir} is too long: unix sockets below it could not be reached.`,
      'Move the checkout to a shorter path, or choose a shorter --name.',
    );
  const before = await readRecord(stateDir);
  if (before?.owner && before.owner.pid !== process.pid && isAlive(before.owner))
    throw new LabFault(
      `The lab "${before.name}" is in use by process ${before.owner.pid}.`,
      'Wait for that process, end it, or choose another name with --name.',
    );
  await clearState(stateDir, name);
  await mkdir(stateDir, { recursive: true, mode: 0o755 });
  await writeRecord(stateDir, { name, owner: thisProcess('lab') });
}

/** @throws LabFault when a lab cannot have that name: it is part of paths and of a namespace's name */
export function checkLabName(name: string): void {
  if (NAME.test(name)) return;
  throw new LabFault(
    `"${name}" cannot name a lab: expected lower-case letters, digits and dashes, 31 at most.`,
    'Choose another name.',
  );
}

/** The record of a state folder; `undefined` when there is no lab. */
export async function readRecord(stateDir: string): Promise<LabRecord | undefined> {
  const text = await readFile(join(stateDir, RECORD), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as LabRecord);
}

/** Replaces the record of a state folder, whole or not at all. */
export async function writeRecord(stateDir: string, record: LabRecord): Promise<void> {
  const path = join(stateDir, RECORD);
  await writeFile(`${path}.partial`, JSON.stringify(record, undefined, 2));
  await rename(`${path}.partial`, path);
}

/**
 * Ends every process of a lab and removes its namespace, mounts and folder. Works from what is
 * recorded and from what is found in the namespace, so it also clears up after a killed command.
 * @returns how many processes were ended
 */
export async function clearState(stateDir: string, name: string): Promise<number> {
  const record = await readRecord(stateDir);
  const netns = netnsOf(record?.name ?? name);
  let ended = 0;
  // Again until nothing is left: libvirtd may just have started one more process.
  for (let left = await labProcesses(stateDir, netns); left.length > 0;) {
    ended += left.length;
    await endProcesses(left);
    left = await labProcesses(stateDir, netns);
  }
  await removeNetwork(netns);
  await unmountBelow(stateDir);
  if (record) await rm(stateDir, { recursive: true, force: true, maxRetries: 3 });
  return ended;
}

async function labProcesses(stateDir: string, netns: string): Promise<readonly ProcessRecord[]> {
  const recorded = await recordedProcesses(stateDir);
  const found = (await processesIn(netns)).flatMap((pid) => {
    const startTicks = startTicksOf(pid);
    return startTicks === undefined ? [] : [{ name: 'found', pid, startTicks }];
  });
  const byPid = new Map([...found, ...recorded].map((one) => [one.pid, one]));
  byPid.delete(process.pid);
  return [...byPid.values()];
}

async function unmountBelow(stateDir: string): Promise<void> {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '))
    .filter((point) => point.startsWith(`${stateDir}/`));
  for (const point of points.reverse()) await run('umount', [point]);
}
