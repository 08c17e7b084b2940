import type { JsonObject, Node, Port } from '../../store/types.ts';
import { withoutAgent } from './session.ts';

/** How IPA's own steps erase disks, by Ironic's names and with Ironic's defaults. */
const ERASE_OPTIONS = {
  agent_erase_devices_iterations: 1,
  agent_erase_devices_zeroize: true,
  agent_continue_if_secure_erase_failed: false,
  agent_continue_if_ata_erase_failed: false,
  agent_enable_ata_secure_erase: true,
  agent_enable_nvme_secure_erase: true,
  agent_erase_skip_read_only: false,
  disk_erasure_concurrency: 4,
} as const;

/** A node as agents get it with steps: nothing of its BMC, and no secret of its user. */
export function nodeForm(node: Node): JsonObject {
  const { configdrive: _, rescue_password: __, image_url: ___, ...instance } = node.instanceInfo;
  return {
    uuid: node.uuid,
    name: node.name,
    driver: node.driver,
    resource_class: node.resourceClass,
    provision_state: node.provisionState,
    properties: node.properties,
    extra: node.extra,
    driver_info: {},
    driver_internal_info: { ...ERASE_OPTIONS, ...withoutAgent(node.driverInternalInfo) },
    instance_info: instance,
    raid_config: node.raidConfig,
    target_raid_config: node.targetRaidConfig,
  };
}

/** A port as agents get it with steps. */
export function portForm(port: Port): JsonObject {
  return {
    uuid: port.uuid,
    address: port.address,
    pxe_enabled: port.pxeEnabled,
    extra: port.extra,
    local_link_connection: port.localLinkConnection,
    physical_network: port.physicalNetwork,
  };
}
