/**
 * What each API microversion added, as far as it is here. The one table from which version
 * negotiation, the hiding of fields, the refusal of requests and the reference come.
 */
export const MICROVERSIONS: Readonly<Record<number, string>> = {
  1: 'Nodes, ports, chassis and drivers.',
  2: 'A free node is shown as "available" instead of null.',
  3: 'Node field driver_internal_info.',
  4: 'Verbs manage and provide; state manageable.',
  5: 'Node names, usable wherever a node is named.',
  6: 'Verb inspect; node fields inspection_started_at and inspection_finished_at.',
  7: 'Node field clean_step.',
  8: 'Query parameter fields.',
  9: 'Node filter provision_state.',
  10: 'Node names of all URL-safe characters.',
  11: 'New nodes begin in state enroll.',
  12: 'RAID: node fields raid_config and target_raid_config, states/raid (no driver here has it).',
  13: 'Verb abort.',
  14: "Links to a node's states and to a driver's properties.",
  15: 'Verb clean.',
  16: 'Node filter driver.',
  17: 'Verb adopt.',
  18: 'Port field internal_info.',
  19: 'Port fields local_link_connection and pxe_enabled.',
  20: 'Node field network_interface.',
  21: 'Node field and filter resource_class.',
  22: 'Lookup and heartbeat of agents (refused without a token, which needs 1.62).',
  23: 'Portgroups.',
  24: 'Port field portgroup_uuid; portgroups of a node, ports of a portgroup.',
  25: "A node's chassis_uuid can be removed.",
  26: 'Portgroup fields mode and properties.',
  27: 'Power targets "soft power off" and "soft rebooting" (no driver here has them); timeout.',
  28: 'VIFs of a node (network interface noop: accepted without effect).',
  29: 'management/inject_nmi (no driver here has it).',
  30: "A driver's type and its interfaces.",
  31: 'Node fields …_interface.',
  32: 'Volume connectors and targets.',
  33: 'Node field storage_interface.',
  34: 'Port field physical_network.',
  35: 'A config drive with the verb rebuild.',
  36: 'agent_version in heartbeats.',
  37: 'Traits.',
  38: 'Verbs rescue and unrescue (no driver here has them); node field rescue_interface.',
  39: 'State "inspect wait" is shown, and is no longer "inspecting".',
  40: 'BIOS settings (no driver here has them); node field bios_interface.',
  41: 'Verb abort in state "inspect wait".',
  42: 'Node field and filter fault.',
  43: 'Query parameter detail of lists.',
  44: 'Node field deploy_step.',
  45: 'Query parameter reset_interfaces.',
  46: 'Node field and filter conductor_group.',
  47: 'Node field automated_clean.',
  48: 'Node fields protected and protected_reason.',
  49: 'Conductors; node field and filter conductor.',
  50: 'Node field and filter owner.',
  51: 'Node field description, filter description_contains.',
};

/** The lowest minor version; the major one is always 1. */
export const MIN_MINOR = 1;

/** The highest minor version whose behaviour is here. */
export const MAX_MINOR = Math.max(...Object.keys(MICROVERSIONS).map(Number));

/** The minor version in which something newer than 1.1 appeared. */
export const SINCE = {
  nodeFields: {
    driver_internal_info: 3,
    name: 5,
    inspection_started_at: 6,
    inspection_finished_at: 6,
    clean_step: 7,
    raid_config: 12,
    target_raid_config: 12,
    states: 14,
    network_interface: 20,
    resource_class: 21,
    portgroups: 24,
    boot_interface: 31,
    console_interface: 31,
    deploy_interface: 31,
    inspect_interface: 31,
    management_interface: 31,
    power_interface: 31,
    raid_interface: 31,
    vendor_interface: 31,
    volume: 32,
    storage_interface: 33,
    traits: 37,
    rescue_interface: 38,
    bios_interface: 40,
    fault: 42,
    deploy_step: 44,
    conductor_group: 46,
    automated_clean: 47,
    protected: 48,
    protected_reason: 48,
    conductor: 49,
    owner: 50,
    description: 51,
  },
  nodeFilters: {
    provision_state: 9,
    driver: 16,
    resource_class: 21,
    fault: 42,
    conductor_group: 46,
    conductor: 49,
    owner: 50,
    description_contains: 51,
  },
  portFields: {
    internal_info: 18,
    local_link_connection: 19,
    pxe_enabled: 19,
    portgroup_uuid: 24,
    physical_network: 34,
  },
  portFilters: { portgroup: 24 },
  portgroupFields: { mode: 26, properties: 26 },
  volumeFields: {},
  chassisFields: {},
  chassisFilters: {},
  driverFields: { properties: 14, type: 30 },
  collections: { lookup: 22, heartbeat: 22, portgroups: 23, volume: 32, conductors: 49 },
  heartbeatFields: { agent_version: 36 },
  /** Targets of states/provision; those above the highest version are refused as too new. */
  verbs: {
    manage: 4,
    provide: 4,
    inspect: 6,
    abort: 13,
    clean: 15,
    adopt: 17,
    rescue: 38,
    unrescue: 38,
    deploy: 73,
    undeploy: 73,
    unhold: 85,
    service: 87,
  },
  powerTargets: { 'soft power off': 27, 'soft rebooting': 27 },
  parameters: { fields: 8, timeout: 27, detail: 43, reset_interfaces: 45 },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Ironic's order of versions that matter here by name rather than by field. */
export const MINOR = {
  /** Below: a free node shows the state null. */
  availableNamed: 2,
  /** From: nodes are enrolled in `enroll`. */
  enroll: 11,
  /** From: names may hold every unreserved character of RFC 3986. */
  freeNames: 10,
  /** From: `remove /chassis_uuid` is allowed. */
  chassisRemoval: 25,
  /** From: a config drive may go with `rebuild`. */
  rebuildConfigDrive: 35,
  /** From: `inspect wait` is shown as such. */
  inspectWait: 39,
  /** From: `abort` is allowed in `inspect wait`. */
  inspectAbort: 41,
} as const;

/** The minor version since which `name` is part of `group`; 1 when it always was. */
export function since(group: keyof typeof SINCE, name: string): number {
  const rows: Readonly<Record<string, number>> = SINCE[group];
  return Object.hasOwn(rows, name) ? (rows[name] ?? MIN_MINOR) : MIN_MINOR;
}
