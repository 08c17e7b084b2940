import type { Port } from '../../store/types.ts';
import type { Shape } from '../fields.ts';
import { wireTime } from '../links.ts';

/** The wire form of a port, in Ironic's order of fields. */
export const PORT_SHAPE: Shape<Port> = {
  collection: 'ports',
  group: 'portFields',
  uuid: (port) => port.uuid,
  brief: ['uuid', 'address'],
  fields: {
    uuid: (port) => port.uuid,
    created_at: (port) => wireTime(port.createdAt),
    updated_at: (port) => wireTime(port.updatedAt),
    address: (port) => port.address,
    name: (port) => port.name,
    extra: (port) => port.extra,
    internal_info: (port) => port.internalInfo,
    is_smartnic: (port) => port.isSmartnic,
    local_link_connection: (port) => port.localLinkConnection,
    physical_network: (port) => port.physicalNetwork,
    pxe_enabled: (port) => port.pxeEnabled,
    node_uuid: (port) => port.nodeUuid,
    portgroup_uuid: (port) => port.portgroupUuid,
  },
};
