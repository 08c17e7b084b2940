import type { Node } from '../../store/types.ts';
import type { Shape } from '../fields.ts';
import { MINOR } from '../gates.ts';
import { links, wireTime } from '../links.ts';
import { maskInstanceInfo, maskSecrets } from '../masking.ts';
import type { Call } from '../resource.ts';
import { type InterfaceKind, interfaceOf } from './interfaces.ts';

/** A node with what is stored in tables of its own. */
export type NodeView = Node & { readonly traits: readonly string[] };

const iface = (kind: InterfaceKind) => (node: Node) => interfaceOf(node.driver, kind);

/** The wire form of a node, in Ironic's order of fields. */
export const NODE_SHAPE: Shape<NodeView> = {
  collection: 'nodes',
  group: 'nodeFields',
  uuid: (node) => node.uuid,
  brief: ['uuid', 'instance_uuid', 'maintenance', 'power_state', 'provision_state', 'name'],
  fields: {
    uuid: (node) => node.uuid,
    created_at: (node) => wireTime(node.createdAt),
    updated_at: (node) => wireTime(node.updatedAt),
    automated_clean: (node) => node.automatedClean,
    bios_interface: iface('bios'),
    boot_interface: iface('boot'),
    // Neither cleaning nor a deploy has steps that users name.
    clean_step: () => ({}),
    conductor_group: () => '',
    console_enabled: () => false,
    console_interface: iface('console'),
    deploy_interface: iface('deploy'),
    deploy_step: () => ({}),
    description: (node) => node.description,
    driver: (node) => node.driver,
    driver_info: (node) => maskSecrets(node.driverInfo),
    driver_internal_info: (node) => maskSecrets(node.driverInternalInfo),
    extra: (node) => node.extra,
    fault: () => null,
    inspection_finished_at: () => null,
    inspection_started_at: () => null,
    inspect_interface: iface('inspect'),
    instance_info: (node) => maskInstanceInfo(node.instanceInfo),
    instance_uuid: (node) => node.instanceUuid,
    last_error: (node) => node.lastError,
    maintenance: (node) => node.maintenance,
    maintenance_reason: (node) => node.maintenanceReason,
    management_interface: iface('management'),
    name: (node) => node.name,
    network_interface: iface('network'),
    owner: (node) => node.owner,
    power_interface: iface('power'),
    power_state: (node) => node.powerState,
    properties: (node) => node.properties,
    protected: (node) => node.protected,
    protected_reason: (node) => node.protectedReason,
    provision_state: shownState,
    provision_updated_at: (node) => wireTime(node.provisionUpdatedAt),
    raid_config: () => ({}),
    raid_interface: iface('raid'),
    rescue_interface: iface('rescue'),
    reservation: (node) => node.reservation,
    resource_class: (node) => node.resourceClass,
    storage_interface: iface('storage'),
    target_power_state: (node) => node.targetPowerState,
    target_provision_state: (node) => node.targetProvisionState,
    target_raid_config: () => ({}),
    traits: (node) => node.traits,
    vendor_interface: iface('vendor'),
    conductor: (_node, call) => call.conductor.name,
    chassis_uuid: (node) => node.chassisUuid,
    ports: (node, call) => links(call.baseUrl, `nodes/${node.uuid}/ports`),
    states: (node, call) => links(call.baseUrl, `nodes/${node.uuid}/states`),
    portgroups: (node, call) => links(call.baseUrl, `nodes/${node.uuid}/portgroups`),
    volume: (node, call) => links(call.baseUrl, `nodes/${node.uuid}/volume`),
  },
};

/** The provision state as a client of this version knows it. */
export function shownState(node: Node, call: Pick<Call, 'minor'>): string | null {
  if (node.provisionState === 'available' && call.minor < MINOR.availableNamed) return null;
  if (node.provisionState === 'inspect wait' && call.minor < MINOR.inspectWait) return 'inspecting';
  return node.provisionState;
}
