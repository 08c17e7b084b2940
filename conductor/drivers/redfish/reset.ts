import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import type { RedfishClient } from './client.ts';
import type { System } from './system.ts';

/** What is wished → Redfish's ResetType, best first (DSP2046, Resource.ResetType). */
const RESET_TYPES = {
  on: ['On', 'ForceOn'],
  off: ['ForceOff'],
  reset: ['ForceRestart', 'PowerCycle'],
  softOff: ['GracefulShutdown', 'PushPowerButton'],
  softReboot: ['GracefulRestart'],
} as const;

export type Reset = keyof typeof RESET_TYPES;

const actionInfo = z.object({
  Parameters: z.array(
    z.object({ Name: z.string(), AllowableValues: z.array(z.string()).optional() }),
  ),
});

/** The ResetType for a wish on this machine; `undefined` when it has none. */
export async function resetTypeFor(
  client: RedfishClient,
  system: System,
  wish: Reset,
): Promise<string | undefined> {
  const known = await allowedTypes(client, system);
  const wanted: readonly string[] = RESET_TYPES[wish];
  return known === undefined ? wanted[0] : wanted.find((type) => known.includes(type));
}

/** Carries it out. @throws IronpxeError DRIVER_RESET_UNSUPPORTED, DRIVER_BMC_* */
export async function reset(client: RedfishClient, system: System, wish: Reset): Promise<void> {
  const action = system.Actions?.['#ComputerSystem.Reset'];
  const type = await resetTypeFor(client, system, wish);
  if (action === undefined || type === undefined)
    throw new IronpxeError(
      'DRIVER_RESET_UNSUPPORTED',
      `${system.path} offers no reset of the kinds ${RESET_TYPES[wish].join(', ')}.`,
    );
  await client.post(action.target, { ResetType: type });
}

/** What the machine says it can do: beside the action, or in a resource of its own. */
async function allowedTypes(
  client: RedfishClient,
  system: System,
): Promise<readonly string[] | undefined> {
  const action = system.Actions?.['#ComputerSystem.Reset'];
  const inline = action?.['ResetType@Redfish.AllowableValues'];
  const info = action?.['@Redfish.ActionInfo'];
  if (inline !== undefined || info === undefined) return inline;
  const parsed = actionInfo.safeParse((await client.get(info)).body);
  return parsed.data?.Parameters.find(({ Name }) => Name === 'ResetType')?.AllowableValues;
}
