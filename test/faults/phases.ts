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
  readonly gate: CommandGate;
  /** Bytes on the wire to the target, of all that are sent, after which it is held. */
  readonly afterBytes?: (dataBytes: number) => number;
};

const FIRST_BYTES = 8 * MIB;

/** The columns of the matrix, in the order of a deploy. */
export const PHASES: readonly Phase[] = [
  { name: 'partitioning', gate: 'partitioning' },
  { name: 'first extents', gate: 'partitioning', afterBytes: () => FIRST_BYTES },
  { name: 'middle', gate: 'partitioning', afterBytes: (all) => Math.floor(all / 2) },
  { name: 'last', gate: 'partitioning', afterBytes: (all) => all - FIRST_BYTES },
  { name: 'verify', gate: 'verify' },
  { name: 'before swap', gate: 'before swap' },
  { name: 'after swap', gate: 'after swap' },
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
