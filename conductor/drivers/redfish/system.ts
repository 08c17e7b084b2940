import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import type { PowerState } from '../types.ts';
import type { RedfishClient } from './client.ts';
import type { RedfishInfo } from './driverInfo.ts';

/** Parts of many resources; what a BMC gives in another form counts as not given. */
export const link = z.object({ '@odata.id': z.string() });
export const words = z.array(z.string()).optional().catch(undefined);
export const word = z.string().nullish().catch(undefined);

// ComputerSystem v1.x of DMTF (DSP2046): what is used here. BMCs leave out what they do not have.
const systemBody = z.object({
  PowerState: word,
  Manufacturer: word,
  Model: word,
  BiosVersion: word,
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
  VirtualMedia: link.optional().catch(undefined),
  Links: z
    .object({ ManagedBy: z.array(link) })
    .optional()
    .catch(undefined),
});

/** A ComputerSystem as its BMC shows it. */
export type System = z.output<typeof systemBody> & {
  readonly path: string;
  /** The paths of its managers. */
  readonly managers: readonly string[];
};

const collection = z.object({ Members: z.array(link) });

/** The paths of the members of a collection; none where it is no collection. */
export async function membersOf(client: RedfishClient, path: string): Promise<readonly string[]> {
  return pathsOf(collection.safeParse((await client.get(path)).body).data?.Members);
}

function pathsOf(links: readonly z.output<typeof link>[] = []): readonly string[] {
  return links.map((one) => one['@odata.id']);
}

/**
 * The path of the node's system: the one in `driver_info`, or the only one that the BMC has.
 * @throws IronpxeError DRIVER_INFO_INVALID when there are several
 */
export async function systemPath(client: RedfishClient, info: RedfishInfo): Promise<string> {
  if (info.systemPath !== undefined) return info.systemPath;
  const members = await membersOf(client, '/redfish/v1/Systems');
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
  if (parsed.success)
    return { ...parsed.data, path, managers: pathsOf(parsed.data.Links?.ManagedBy) };
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
