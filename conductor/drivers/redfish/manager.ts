import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import type { RedfishClient } from './client.ts';
import { link, word } from './system.ts';

// Manager v1.x of DMTF (DSP2046): what is used here.
const managerBody = z.object({
  FirmwareVersion: word,
  VirtualMedia: link.optional().catch(undefined),
});

/** A Manager (most often the BMC itself) as it shows itself. */
export type Manager = z.output<typeof managerBody>;

/** Reads a manager. @throws IronpxeError DRIVER_BMC_* */
export async function readManager(client: RedfishClient, path: string): Promise<Manager> {
  const parsed = managerBody.safeParse((await client.get(path)).body);
  if (parsed.success) return parsed.data;
  throw new IronpxeError('DRIVER_BMC_REFUSED', `The BMC's answer for ${path} is no Manager.`);
}
