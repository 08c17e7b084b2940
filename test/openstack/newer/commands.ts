import type { Row } from '../support/commands.ts';

/** Commands that client 5.0 does not have, on fake-hardware; the node `host` is active after them. */
export const NEWER_WALK: readonly Row[] = [
  [
    'node create --driver fake-hardware --name host --resource-class newer -f json',
    { like: { parent_node: null }, keep: 'host' },
  ],
  [
    'node create --driver fake-hardware --name nic --parent-node host -f json',
    { like: { parent_node: '{host}' }, keep: 'nic' },
  ],
  ['node list --include-children -f json', { like: { UUID: '{nic}' } }],
  ['node list --parent-node host -f json', { like: { UUID: '{nic}' } }],
  ['node children list host'],
  ['node set nic --parent-node host'],
  ['node set host --parent-node nic', { fails: /descendants/ }],
  ['node unset nic --parent-node'],
  ['node show nic -f json', { like: { parent_node: null } }],

  [
    'port create 52:54:00:11:22:77 --node {host} --name front -f json',
    { like: { name: 'front' }, keep: 'port' },
  ],
  ['port create 52:54:00:11:22:78 --node {host} --name front', { fails: /already exists/ }],
  ['port show front -f json', { like: { uuid: '{port}' } }],

  ['node set host --firmware-interface no-firmware'],
  ['node unset host --firmware-interface'],
  ['node show host -f json', { like: { firmware_interface: 'fake' } }],
  ['node firmware list host -f json'],

  ['node manage host --wait 300'],
  ['node provide host --wait 300'],
  [
    'node set host --instance-info image_source=http://127.0.0.1/x.img --instance-info image_checksum=abc',
  ],
  ['node deploy host --wait 300'],
  ['node unhold host', { fails: /unhold/ }],
  [
    'node service host --service-steps [{"interface":"power","step":"reboot"},{"interface":"power","step":"wait","args":{"seconds":1}}] --wait 300',
  ],
  ['node show host -f json', { like: { provision_state: 'active', service_step: {} } }],
  [
    'node service host --service-steps [{"interface":"bios","step":"none_such"}] --wait 300',
    { fails: /service failed/ },
  ],
  ['node abort host'],
  ['node show host -f json', { like: { provision_state: 'active' } }],
];
