import { readFile } from 'node:fs/promises';
import { createAdmission } from '../../conductor/deploy/admission/admission.ts';
import type { DiskPlan } from '../../conductor/deploy/plan/types.ts';
import { writePlan } from '../../conductor/deploy/writers/inProcess.ts';
import { openIscsiDisk } from '../../conductor/iscsi/disk.ts';
import { MIB } from '../../conductor/values/units.ts';
import { FLEET_IQN } from './fleetTarget.ts';

/** What the process in the conductor's namespace is to do. */
export type FleetOrder = {
  readonly plan: DiskPlan;
  readonly addresses: readonly string[];
  readonly maxConcurrentWrites: number;
  readonly inFlightMib: number;
};

/** What it found. */
export type FleetResult = {
  readonly tookMs: number;
  /** The same of each machine alone. */
  readonly machinesMs: readonly number[];
  /** Processor time of the writes, without the start of the process. */
  readonly cpuMs: number;
  readonly idleMib: number;
  readonly peakMib: number;
  readonly sentBytes: number;
};

/** Writes one plan to every machine, as a conductor does that is asked to deploy them all. */
export async function writeFleet(order: FleetOrder): Promise<FleetResult> {
  // The whole conductor is loaded, as it is when it writes.
  await import('../../conductor/run/start.ts');
  const { maxConcurrentWrites, addresses } = order;
  const admission = createAdmission({ maxConcurrentWrites, links: [] });
  const idleMib = await memoryMib('VmRSS');
  const sentBefore = await sentBytes();
  const cpuBefore = process.cpuUsage();
  const beganAtMs = performance.now();
  const { signal } = new AbortController();
  const machinesMs = await Promise.all(
    addresses.map(async (host) => {
      using _turn = await admission.enter(signal);
      await writeMachine(order, host, signal);
      return performance.now() - beganAtMs;
    }),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    tookMs: Math.max(...machinesMs),
    machinesMs,
    cpuMs: (user + system) / 1000,
    idleMib,
    peakMib: await memoryMib('VmHWM'),
    sentBytes: (await sentBytes()) - sentBefore,
  };
}

async function writeMachine(
  { plan, inFlightMib }: FleetOrder,
  host: string,
  signal: AbortSignal,
): Promise<void> {
  const inFlightBytes = inFlightMib * MIB;
  await using disk = await openIscsiDisk({
    host,
    listenPort: 3260,
    iqn: FLEET_IQN,
    lun: 1,
    connectTimeoutMs: 30_000,
    commandTimeoutMs: 60_000,
    maxInFlightBytes: inFlightBytes,
    reconnectForMs: 60_000,
    signal,
  });
  for await (const progress of writePlan(plan, disk, { inFlightBytes, signal })) void progress;
}

async function memoryMib(field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

/** What left the conductor's only NIC, headers included. */
async function sentBytes(): Promise<number> {
  const text = await readFile('/proc/net/dev', 'utf8');
  const fields = /^\s*eth0:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
  return Number(fields[8]);
}
