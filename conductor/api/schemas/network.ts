import { z } from 'zod';
import { isUuid } from '../../values/uuid.ts';
import { bool, emptyable, mac, optionalUuid, text255, uuid } from './values.ts';

/** A MAC, or the datapath id of an OpenFlow switch. */
const switchId = z.union([mac, z.string().regex(/^0x[0-9a-f]{16}$/i)], {
  error: 'Expected a MAC address or an OpenFlow datapath id.',
});

/** Which port of which switch a NIC is plugged into; empty when unknown. */
const localLink = z
  .strictObject({
    switch_id: switchId.optional(),
    port_id: z.string().optional(),
    switch_info: z.string().optional(),
    hostname: z.string().optional(),
    network_type: z.enum(['managed', 'unmanaged']).optional(),
  })
  .nullish()
  .transform((link): Record<string, unknown> => link ?? {})
  .refine(namesPlace, {
    error: 'port_id is needed with switch_id or, for a Smart NIC, with hostname.',
  });

/** Nothing, a switch's port, a Smart NIC's, or an unmanaged link. */
function namesPlace(link: Readonly<Record<string, unknown>>): boolean {
  if (Object.keys(link).length === 0 || link.network_type === 'unmanaged') return true;
  return 'port_id' in link && ('switch_id' in link || 'hostname' in link);
}

/** The fields of a port that clients write. */
export const portWrite = z.strictObject({
  uuid: uuid.optional(),
  address: mac,
  node_uuid: uuid,
  extra: emptyable,
  pxe_enabled: bool.nullish().transform((value) => value ?? true),
  local_link_connection: localLink,
  portgroup_uuid: uuid.nullish(),
  physical_network: z.string().max(64).nullish(),
  is_smartnic: bool.nullish().transform((value) => value ?? false),
  // One that looks like a UUID would be taken for that of another port.
  name: text255
    .min(1)
    .refine((name) => !isUuid(name), { error: 'A name must not be a UUID.' })
    .nullish(),
});

/** The fields of a portgroup that clients write. */
export const portgroupWrite = z.strictObject({
  uuid: uuid.optional(),
  node_uuid: uuid,
  name: z.string().nullish(),
  address: mac.nullish(),
  mode: z
    .string()
    .nullish()
    .transform((value) => value ?? 'active-backup'),
  properties: emptyable,
  extra: emptyable,
  standalone_ports_supported: bool.nullish().transform((value) => value ?? true),
});

/** `POST vifs`: more keys may come with it. */
export const vifAttach = z.looseObject({ id: text255.min(1) });

/** `POST /v1/events`: what Neutron tells of its ports. */
export const externalEvents = z.strictObject({
  events: z
    .array(
      z.strictObject({
        event: z.enum(['network.bind_port', 'network.unbind_port', 'network.delete_port']),
        port_id: uuid,
        mac_address: mac,
        status: z.string(),
        device_id: optionalUuid,
        'binding:host_id': optionalUuid,
        'binding:vnic_type': z.string().nullish(),
      }),
    )
    .min(1),
});
