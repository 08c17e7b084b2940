import { IronpxeError } from '../../errors/error.ts';
import type { FirmwareVersion } from '../types.ts';
import type { RedfishClient } from './client.ts';
import { readManager } from './manager.ts';
import type { System } from './system.ts';

/** The versions of the firmware of a machine and of its BMC, by the names that Ironic has for them. */
export async function firmwareOf(
  client: RedfishClient,
  system: System,
): Promise<FirmwareVersion[]> {
  const found = [
    ['bios', system.BiosVersion],
    ['bmc', await managerVersion(client, system)],
  ] as const;
  return found.flatMap(([component, version]) => (version ? [{ component, version }] : []));
}

/** What the machine itself tells is worth having where its manager cannot be read. */
async function managerVersion(client: RedfishClient, { managers }: System) {
  const [path] = managers;
  if (path === undefined) return undefined;
  try {
    return (await readManager(client, path)).FirmwareVersion;
  } catch (error) {
    if (!(error instanceof IronpxeError) || error.code !== 'DRIVER_BMC_REFUSED') throw error;
    return undefined;
  }
}
