import { MIB } from '../../conductor/values/units.ts';
import type { FaultMachine } from './machine.ts';
import { bytesReached, closeAfterBytes, type CommandGate, type Gates, openBytes } from './gates.ts';

/** What a phase needs to know of a deploy. */
export type PhaseParts = {
  readonly gates: Gates;
  readonly machine: FaultMachine;
  /** How many bytes the plan sends; known once the machine stands before its first gate. */
  readonly dataBytes: () => Promise<number>;
  readonly signal: AbortSignal;
};

/** A moment of a deploy at which the machine is held. */
export type Phase = {
  readonly name: string;
  /** For readers of the report. */
  readonly what: string;
  readonly gate: CommandGate;
  /** The deploy's step that it is held in. */
  readonly step: string;
  /** Bytes on the wire to the target, of all that are sent, after which it is held. */
  readonly afterBytes?: (dataBytes: number) => number;
};

const FIRST_BYTES = 8 * MIB;

/** The columns of the matrix, in the order of a deploy. */
export const PHASES: readonly Phase[] = [
  {
    name: 'partitioning',
    what: 'Before the old content is made zero.',
    gate: 'partitioning',
    step: 'write_disk',
  },
  {
    name: 'first extents',
    what: 'After 8 MiB of data.',
    gate: 'partitioning',
    step: 'write_disk',
    afterBytes: () => FIRST_BYTES,
  },
  {
    name: 'middle',
    what: 'After half of the data.',
    gate: 'partitioning',
    step: 'write_disk',
    afterBytes: (all) => Math.floor(all / 2),
  },
  {
    name: 'last',
    what: '8 MiB before the end of the data.',
    gate: 'partitioning',
    step: 'write_disk',
    afterBytes: (all) => all - FIRST_BYTES,
  },
  {
    name: 'verify',
    what: 'All data is written; it is about to be read back.',
    gate: 'verify',
    step: 'verify_disk',
  },
  {
    name: 'before swap',
    what: 'The partition table is written and about to be read back.',
    gate: 'before swap',
    step: 'commit_disk',
  },
  {
    name: 'after swap',
    what: "The machine would boot the user's system, and still runs its ramdisk.",
    gate: 'after swap',
    step: 'release_ramdisk',
  },
];

/** Settles when the machine is held in a phase; `Gates.close` of its gate comes before the deploy. */
export async function untilHeld(phase: Phase, parts: PhaseParts): Promise<void> {
  const { gates, machine, signal } = parts;
  await gates.reached(phase.gate, signal);
  if (phase.afterBytes === undefined) return;
  const { network } = expectRamdisk(machine);
  await closeAfterBytes(network, phase.afterBytes(await parts.dataBytes()));
  await gates.open(phase.gate);
  await bytesReached(network, signal);
}

/** Lets the machine go on. */
export async function letGo(phase: Phase, { gates, machine }: PhaseParts): Promise<void> {
  await gates.open(phase.gate);
  if (phase.afterBytes !== undefined && machine.ramdisk) await openBytes(machine.ramdisk.network);
}

/** The ramdisk of a machine that is held. */
export function expectRamdisk(machine: FaultMachine) {
  if (machine.ramdisk === undefined) throw new Error('The machine does not run its ramdisk.');
  return machine.ramdisk;
}
