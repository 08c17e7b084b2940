import { setTimeout as delay } from 'node:timers/promises';
import { hasCode, IronpxeError } from '../../errors/error.ts';
import type { PowerState } from '../types.ts';
import { restoredXml } from './bootOrder.ts';
import type { Machine, Virsh } from './virsh.ts';

/** How long and how often the state is read back after a power command. */
export type ReadBack = {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly pollMs: number;
};

/**
 * Starts a machine, waits until it runs, and takes a one-time boot order back: libvirt reads the
 * persistent definition at the start only, so what runs now keeps the order that it was given.
 * @throws IronpxeError DRIVER_LIBVIRT, DRIVER_POWER_NOT_REACHED
 */
export async function switchOn(virsh: Virsh, machine: Machine, readBack: ReadBack): Promise<void> {
  const { uuid, xml } = machine.domain;
  await commandThenState(virsh, uuid, 'power on', () => virsh.start(uuid), readBack);
  const restored = restoredXml(xml);
  if (restored !== undefined) await virsh.define(restored);
}

/**
 * Cuts a machine's power and waits until it is off.
 * @throws IronpxeError DRIVER_LIBVIRT, DRIVER_POWER_NOT_REACHED
 */
export function switchOff(virsh: Virsh, machine: Machine, readBack: ReadBack): Promise<void> {
  const { uuid } = machine.domain;
  return commandThenState(virsh, uuid, 'power off', () => virsh.destroy(uuid), readBack);
}

async function commandThenState(
  virsh: Virsh,
  uuid: string,
  wished: PowerState,
  command: () => Promise<void>,
  readBack: ReadBack,
): Promise<void> {
  try {
    await command();
  } catch (error) {
    // Somebody else may have switched it meanwhile: what counts is the state.
    if (!hasCode(error, 'DRIVER_LIBVIRT') || (await virsh.powerState(uuid)) !== wished) throw error;
  }
  await waitForState(virsh, uuid, wished, readBack);
}

async function waitForState(
  virsh: Virsh,
  uuid: string,
  wished: PowerState,
  { signal, deadlineMs, pollMs }: ReadBack,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  let found = await virsh.powerState(uuid);
  while (found !== wished && performance.now() < endMs) {
    await delay(pollMs, undefined, { signal });
    found = await virsh.powerState(uuid);
  }
  if (found === wished) return;
  const message = `Machine ${uuid} is in "${found}" after ${deadlineMs} ms, expected "${wished}".`;
  throw new IronpxeError('DRIVER_POWER_NOT_REACHED', message);
}
