import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import type { PowerState } from '../types.ts';
import type { RedfishClient } from './client.ts';
import type { RedfishInfo } from './driverInfo.ts';

const link = z.object({ '@odata.id': z.string() });
const words = z.array(z.string()).optional().catch(undefined);
const word = z.string().nullish().catch(undefined);

// ComputerSystem v1.x of DMTF (DSP2046): what is used here. BMCs leave out what they do not have.
const systemBody = z.object({
  PowerState: word,
  Manufacturer: word,
  Model: word,
  Boot: z
    .object({
      BootSourceOverrideTarget: word,
      BootSourceOverrideEnabled: word,
      BootSourceOverrideMode: word,
      'BootSourceOverrideTarget@Redfish.AllowableValues': words,
      'BootSourceOverrideEnabled@Redfish.AllowableValues': words,
    })
    .optional()
    .catch(undefined),
  Actions: z
    .object({
      '#ComputerSystem.Reset': z
        .object({
          target: z.string(),
          'ResetType@Redfish.AllowableValues': words,
          '@Redfish.ActionInfo': z.string().optional().catch(undefined),
        })
        .optional(),
    })
    .optional()
    .catch(undefined),
  SecureBoot: link.optional().catch(undefined),
});

/** A ComputerSystem as its BMC shows it. */
export type System = z.output<typeof systemBody> & { readonly path: string };

const collection = z.object({ Members: z.array(link) });

/**
 * The path of the node's system: the one in `driver_info`, or the only one that the BMC has.
 * @throws IronpxeError DRIVER_INFO_INVALID when there are several
 */
export async function systemPath(client: RedfishClient, info: RedfishInfo): Promise<string> {
  if (info.systemPath !== undefined) return info.systemPath;
  const { body } = await client.get('/redfish/v1/Systems');
  const members = collection.safeParse(body).data?.Members.map((one) => one['@odata.id']) ?? [];
  const [only] = members;
  if (only !== undefined && members.length === 1) return only;
  const found = members.slice(0, 10).join(', ') || 'none';
  throw new IronpxeError(
    'DRIVER_INFO_INVALID',
    `BMC ${info.origin} has ${members.length} systems (${found}): set redfish_system_id to one of them.`,
  );
}

/** Reads a system. @throws IronpxeError DRIVER_BMC_* */
export async function readSystem(client: RedfishClient, path: string): Promise<System> {
  const { body } = await client.get(path);
  const parsed = systemBody.safeParse(body);
  if (parsed.success) return { ...parsed.data, path };
  throw new IronpxeError(
    'DRIVER_BMC_REFUSED',
    `The BMC's answer for ${path} is no ComputerSystem.`,
  );
}

/** The power state in Ironic's words: a machine on its way up is on, one on its way down still is. */
export function powerStateOf({ PowerState, path }: System): PowerState {
  switch (PowerState) {
    case 'On':
    case 'PoweringOff':
    case 'Paused':
      return 'power on';
    case 'Off':
    case 'PoweringOn':
      return 'power off';
    default: {
      const found = JSON.stringify(PowerState ?? null);
      throw new IronpxeError(
        'DRIVER_BMC_REFUSED',
        `${path}: PowerState is ${found}, expected "On" or "Off".`,
      );
    }
  }
}

/** Manufacturer and model; `undefined` when the BMC names neither. */
export function modelOf({ Manufacturer, Model }: System): string | undefined {
  return [Manufacturer, Model].filter(Boolean).join(' ') || undefined;
}
