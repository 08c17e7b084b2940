import {
  allocation,
  ask,
  chassis,
  connector,
  enroll,
  node,
  patch,
  port,
  portgroup,
  type Step,
  target,
  template,
} from './steps.ts';

/** A node with all that can be written. */
export const FULL = {
  name: 'node-one',
  resource_class: 'baremetal',
  driver_info: { a: 'b', ipmi_password: 'secret', nested: { snmp_auth_key: 'k', x: 1 } },
  properties: { cpus: 4, memory_mb: '8192', capabilities: 'boot_mode:uefi' },
  extra: { k: { l: [1, 2, null] } },
  instance_info: { image_source: 'http://x/y', image_url: 'http://u', root_gb: 10 },
  description: 'what it is',
  shard: 's1',
  automated_clean: true,
  network_data: {},
};

/** Ironic without authentication takes an owner by PATCH only. */
export const OWNED = patch(`nodes/${node(1)}`, ['add', '/owner', 'me'], ['add', '/lessee', 'you']);

export const FURNITURE: readonly Step[] = [
  ask('POST /v1/chassis', { uuid: chassis(1), description: 'rack', extra: { r: 1 } }),
  enroll(1, { ...FULL, chassis_uuid: chassis(1) }),
  OWNED,
  enroll(2),
  ask('POST /v1/portgroups', {
    uuid: portgroup(1),
    node_uuid: node(1),
    name: 'pg-one',
    address: '52:54:00:00:00:10',
  }),
  ask('POST /v1/ports', {
    uuid: port(1),
    node_uuid: node(1),
    address: '52:54:00:00:00:01',
    portgroup_uuid: portgroup(1),
    physical_network: 'physnet1',
    local_link_connection: {
      switch_id: '0a:1b:2c:3d:4e:5f',
      port_id: 'Ethernet3/1',
      switch_info: 'sw',
    },
    extra: { x: 'y' },
  }),
  ask('POST /v1/ports', {
    uuid: port(2),
    node_uuid: node(2),
    address: '52:54:00:00:00:02',
    pxe_enabled: false,
  }),
  ask('POST /v1/volume/connectors', {
    uuid: connector(1),
    node_uuid: node(1),
    type: 'iqn',
    connector_id: 'iqn.2020-01.x:y',
  }),
  ask('POST /v1/volume/targets', {
    uuid: target(1),
    node_uuid: node(1),
    volume_type: 'iscsi',
    volume_id: 'v1',
    boot_index: 0,
    properties: { a: 1 },
  }),
  ask('POST /v1/deploy_templates', {
    uuid: template(1),
    name: 'CUSTOM_ONE',
    steps: [
      { interface: 'bios', step: 'apply_configuration', args: { settings: [] }, priority: 10 },
    ],
  }),
  ask(`PUT /v1/nodes/${node(1)}/traits`, { traits: ['CUSTOM_B', 'CUSTOM_A', 'HW_CPU_X86_VMX'] }),
  ask('POST /v1/allocations', {
    uuid: allocation(1),
    name: 'al-one',
    resource_class: 'none-such',
    traits: ['CUSTOM_A'],
  }),
];
