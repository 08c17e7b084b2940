import type { Purpose } from '../../networking/networking.ts';
import { switchPower } from '../power.ts';
import type { StepContext } from './types.ts';

/** Puts the machine on the networks that it boots from for `purpose`. @throws IronpxeError */
export async function enterNetworks(context: StepContext, purpose: Purpose): Promise<void> {
  const { networking } = context.services;
  const entered = await networking?.enter(await context.node(), purpose, context.signal);
  if (entered === true)
    await context.observe('network.changed', `on the networks for: ${purpose}`, { purpose });
}

/** Takes the machine from its networks; its VIFs stay attached. @throws IronpxeError */
export async function leaveNetworks(context: StepContext): Promise<void> {
  const left = await context.services.networking?.leave(await context.node(), context.signal);
  if (left === true) await context.observe('network.changed', 'off its networks');
}

/**
 * Moves the machine to the networks of its instance, where it is not there yet: switched off, so
 * that it does not boot on the way.
 */
export async function moveToInstance(context: StepContext): Promise<void> {
  const moves = context.services.networking?.moves(await context.node());
  if (moves !== true) return;
  await switchPower(context, 'power off');
  await enterNetworks(context, 'instance');
  await switchPower(context, 'power on');
}
