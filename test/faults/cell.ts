import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskPlan } from '../../conductor/deploy/plan/types.ts';
import { loadPlan } from '../../conductor/deploy/planFile.ts';
import { MIB } from '../../conductor/values/units.ts';
import type { TimelineEntry } from '../../lab/deploy.ts';
import { ConductorProcess } from './conductorProcess.ts';
import { FaultDisk } from './disk.ts';
import type { Fault, FaultParts } from './faults.ts';
import { Gates } from './gates.ts';
import { FaultMachine } from './machine.ts';
import { type Node, startDeploy, timelineOf, untilState } from './node.ts';
import { letGo, type Phase, untilHeld } from './phases.ts';

/** What came of one fault in one phase. */
export type CellResult = {
  readonly fault: string;
  readonly phase: string;
  /** `active`, `active, drift found`, or the code with which the deploy failed. */
  readonly ended: string;
  /** What was wrong with that; none when all was well. */
  readonly problems: readonly string[];
  readonly seconds: number;
  /** Bytes that were sent besides the plan's own. */
  readonly againBytes: number;
  /** Of a machine that lost its power: what of the data the comparison found missing. */
  readonly missingBytes: number | undefined;
};

const CELL_TIMEOUT_MS = 300_000;
const EVENTS_SHOWN = 25;
/** What a resumed write may repeat at most. */
const WINDOW_BYTES = 64 * MIB;
/** Headers, commands, and what TCP repeats because a machine that was held did not take it. */
const WIRE_SHARE = 0.03;
const WIRE_BYTES = 12 * MIB;
const DATA_OFFSET_BYTES = 4096;
const TABLE_OFFSET_BYTES = 450;

type Bench = Omit<FaultParts, 'places'> & { readonly uuid: string; readonly log: Log };

/** What is seen on the way. */
type Log = {
  readonly problems: string[];
  /** Where the disk differed from its plan when the user's system would have started. */
  bootedDifferentAt: number | 'nowhere' | undefined;
  /** Data to be sent as of the last comparison. */
  plannedBytes: number | undefined;
};

type CellParts = {
  /** Where the cell makes its own folder. */
  readonly parent: string;
  readonly images: string;
  /** Ends it early; its result is worth nothing then. */
  readonly stop: AbortSignal;
};

/** Deploys a machine of its own with a conductor of its own, strikes, and looks at what comes. */
export async function runCell(fault: Fault, phase: Phase, parts: CellParts): Promise<CellResult> {
  const beganAtMs = performance.now();
  const problems: string[] = [];
  const log: Log = { problems, bootedDifferentAt: undefined, plannedBytes: undefined };
  const seconds = () => (performance.now() - beganAtMs) / 1000;
  const none = { againBytes: 0, missingBytes: undefined };
  try {
    const result = await inBench(fault, phase, parts, log);
    return { fault: fault.name, phase: phase.name, problems, seconds: seconds(), ...result };
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    const ended = 'no end';
    return { fault: fault.name, phase: phase.name, problems, seconds: seconds(), ended, ...none };
  }
}

async function inBench(
  fault: Fault,
  phase: Phase,
  { parent, images, stop }: CellParts,
  log: Log,
): Promise<Pick<CellResult, 'ended' | 'againBytes' | 'missingBytes'>> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(parent, 'cell-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const disk = stack.use(await FaultDisk.make(join(folder, 'disk'), fault.emptyDisk ?? false));
  const conductor = stack.use(await ConductorProcess.start(folder, images));
  const gates = await Gates.make(join(folder, 'gates'));
  const machine = stack.use(
    await FaultMachine.make({
      diskPath: disk.path,
      bootUrl: conductor.bootUrl,
      hook: gates.hook,
      onUserBoot: () => seeBoot(conductor, disk, log),
    }),
  );
  const signal = AbortSignal.any([AbortSignal.timeout(CELL_TIMEOUT_MS), stop]);
  const dataBytes = async () => bytesFromFiles(await planOf(conductor));
  try {
    await gates.close(phase.gate);
    const uuid = await startDeploy(conductor, machine, images, signal);
    const bench = { phase, conductor, gates, machine, disk, dataBytes, signal, uuid, log };
    return await strikeAndSee(fault, bench);
  } catch (error) {
    const console = machine.ramdisk?.console ?? '';
    log.problems.push(
      `conductor:\n${conductor.log.slice(-1500)}\nramdisk:\n${console.slice(-500)}`,
    );
    throw error;
  }
}

async function strikeAndSee(fault: Fault, bench: Bench) {
  const { conductor, disk, log, phase, signal, uuid } = bench;
  await untilHeld(phase, bench);
  await expectStep(bench);
  const plan = await planOf(conductor);
  const totalBytes = await bench.dataBytes();
  if ((await disk.looksBootable()) && (await disk.differsFrom(plan)) !== undefined)
    log.problems.push('A disk that is not whole would boot when the fault strikes.');
  await fault.strike({ ...bench, places: placesOf(plan) });
  await letGo(phase, bench);
  const node = await untilState(conductor, uuid, ['active', 'deploy failed'], signal);
  const ended = await judge(fault, bench, node);
  if (log.problems.length > 0) log.problems.push(await lastEvents(bench));
  if (bench.machine.error !== undefined)
    throw new Error('The machine', { cause: bench.machine.error });
  return { ended, ...(await countBytes(fault, bench, totalBytes)) };
}

/** A fault that strikes at another moment than it says proves nothing. */
async function expectStep({ conductor, uuid, phase }: Bench): Promise<void> {
  const events = await timelineOf(conductor, uuid);
  const step = events.findLast(({ kind }) => kind === 'step.started')?.data['step'];
  if (step !== phase.step) throw new Error(`Held in ${String(step)}, expected ${phase.step}.`);
}

/** The end of the node's timeline, for whoever has to find out why. */
async function lastEvents({ conductor, uuid }: Bench): Promise<string> {
  const events = await timelineOf(conductor, uuid);
  const lines = events.slice(-EVENTS_SHOWN).map((one) => `${one.at} ${one.kind}: ${one.message}`);
  return `timeline:\n${lines.join('\n')}`;
}

/** The user's system would start now, so what the disk holds counts. */
async function seeBoot(conductor: ConductorProcess, disk: FaultDisk, log: Log): Promise<void> {
  log.bootedDifferentAt = (await disk.differsFrom(await planOf(conductor))) ?? 'nowhere';
  log.plannedBytes = bytesFromFiles(await planOf(conductor, 'write'));
}

async function judge(fault: Fault, bench: Bench, node: Node): Promise<string> {
  const expected = fault.outcome?.[bench.phase.name] ?? 'active';
  const { problems, bootedDifferentAt: different } = bench.log;
  const { provision_state: state, last_error: reason } = node;
  const [code = ''] = /^[A-Z0-9_]+/.exec(reason ?? '') ?? [];
  if (expected instanceof RegExp) {
    if (state !== 'deploy failed' || !expected.test(reason ?? ''))
      problems.push(`It is ${state} (${reason}), expected to fail with ${expected}.`);
    if (await bench.disk.looksBootable()) problems.push('The disk would boot after a failure.');
    return code || state;
  }
  if (state !== 'active') {
    problems.push(`It is ${state}: ${reason}`);
    return code || state;
  }
  if (bench.machine.boots.at(-1) !== 'boot_partition') problems.push('Its system did not start.');
  const isDrift = expected === 'drift';
  if (typeof different !== (isDrift ? 'number' : 'string'))
    problems.push(`When its system started, the disk differed at ${different}.`);
  if (!isDrift) return state;
  return (await driftFound(bench)) ? 'active, drift found' : state;
}

/** Has the conductor compare the disk with what it wrote. */
async function driftFound({ conductor, uuid, signal, log }: Bench): Promise<boolean> {
  await conductor.api.post(`/v1/nodes/${uuid}/verify`, {});
  await untilState(conductor, uuid, ['servicing', 'service wait'], signal);
  const after = await untilState(conductor, uuid, ['active', 'service failed'], signal);
  const found = after.driver_internal_info['disk_verification'] as
    | { readonly drifted: readonly unknown[] }
    | undefined;
  if (found?.drifted.length === 1) return true;
  log.problems.push(`A later comparison found ${JSON.stringify(found)}; ${after.last_error}`);
  return false;
}

async function countBytes(fault: Fault, bench: Bench, dataBytes: number) {
  const { log, machine, conductor, uuid } = bench;
  const isWritten = log.plannedBytes !== undefined;
  const wire = machine.wireBytes;
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const allowed = (bytes: number) => bytes * (1 + WIRE_SHARE) + WIRE_BYTES;
  const againBytes = isWritten ? Math.max(0, sum(wire) - dataBytes) : 0;
  if (isWritten && fault.resends === 'window' && sum(wire) > allowed(dataBytes + WINDOW_BYTES))
    log.problems.push(`${againBytes} bytes were sent again, expected at most ${WINDOW_BYTES}.`);
  if (fault.resends !== 'missing') return { againBytes, missingBytes: undefined };
  const missingBytes = missingAfterReboot(await timelineOf(conductor, uuid), log.plannedBytes);
  const later = sum(wire.slice(1));
  if (missingBytes !== undefined && later > allowed(missingBytes))
    log.problems.push(
      `${later} bytes were sent after the power cut; ${missingBytes} were missing.`,
    );
  return { againBytes, missingBytes };
}

/**
 * What the ramdisk that came after the power cut found missing: by comparing before a write, which
 * makes the plan of the write anew, or by reading back what was written before.
 */
function missingAfterReboot(
  events: readonly TimelineEntry[],
  plannedBytes: number | undefined,
): number | undefined {
  const rebooted = events.findIndex(({ kind }) => kind === 'ramdisk.rebooted');
  if (rebooted === -1) return undefined;
  const later = events.slice(rebooted);
  if (later.some(({ kind }) => kind === 'write.compared')) return plannedBytes;
  return later
    .filter(({ kind }) => kind === 'verify.mismatch')
    .reduce((total, { data }) => total + Number(data['bytes']), 0);
}

async function planOf(
  { stateDir }: ConductorProcess,
  name: 'plan' | 'write' = 'plan',
): Promise<DiskPlan> {
  const parent = join(stateDir, 'operations');
  const [operation = ''] = await readdir(parent);
  return loadPlan(join(parent, operation), name);
}

function bytesFromFiles({ extents, commit }: DiskPlan): number {
  return [...extents, ...commit].reduce(
    (sum, { source, lengthBytes }) => sum + (source.kind === 'file' ? lengthBytes : 0),
    0,
  );
}

/** The first data of the root, and an entry of the partition table. */
function placesOf({ extents, partitions }: DiskPlan): FaultParts['places'] {
  const root = partitions.find(({ role }) => role === 'root');
  const first = extents.find(
    ({ source, targetOffsetBytes }) =>
      source.kind === 'file' && targetOffsetBytes >= (root?.offsetBytes ?? 0),
  );
  if (first === undefined) throw new Error('The plan writes no root.');
  const { targetOffsetBytes, lengthBytes } = first;
  const data = targetOffsetBytes + Math.min(DATA_OFFSET_BYTES, lengthBytes - 1);
  return { data, table: TABLE_OFFSET_BYTES };
}
