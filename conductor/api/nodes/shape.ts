import { z } from 'zod';
import type { FieldSet } from '../fields.ts';
import { MINOR } from '../gates.ts';
import { linksJson } from '../links.ts';
import { maskInstanceInfo, maskSecrets, mayHoldSecrets } from '../masking.ts';
import type { Call } from '../resource.ts';
import {
  column,
  flag,
  json,
  maskedJson,
  type RowField,
  schemas,
  text,
  time,
  writeText,
} from '../rows.ts';
import { guarded } from './guarded.ts';
import { defaultInterface, INTERFACE_KINDS, type InterfaceKind } from './interfaces.ts';

function iface(kind: InterfaceKind): RowField {
  return {
    columns: ['driver', 'interfaces'],
    schema: z.string(),
    write: (row, call) => {
      const chosen = row.interfaces === '{}' ? {} : JSON.parse(String(row.interfaces));
      return writeText(chosen[kind] ?? defaultInterface(call, String(row.driver), kind));
    },
  };
}

function link(path: string): RowField {
  return {
    columns: ['uuid'],
    schema: schemas.links,
    write: (row, call) => linksJson(call.baseUrl, `nodes/${row.uuid}/${path}`),
  };
}

const TRAITS = `(select json_group_array(trait) from
  (select trait from traits where node_uuid = nodes.uuid order by trait)) as traits`;

const INTERFACES = Object.fromEntries(
  INTERFACE_KINDS.map((kind) => [`${kind}_interface`, iface(kind)]),
);

/** Each field of a node on the wire: the columns it is made of, and how it is written. */
const FIELDS: Readonly<Record<string, RowField>> = {
  uuid: column('uuid', z.uuid()),
  created_at: time('created_at'),
  updated_at: time('updated_at'),
  allocation_uuid: text('allocation_uuid'),
  automated_clean: flag('automated_clean'),
  boot_mode: text('boot_mode'),
  clean_step: json('clean_step'),
  // This conductor is in the group without a name.
  conductor_group: { columns: [], schema: z.string(), write: () => '""' },
  console_enabled: flag('console_enabled'),
  deploy_step: json('deploy_step'),
  description: text('description'),
  driver: text('driver'),
  driver_info: maskedJson('driver_info', mayHoldSecrets, maskSecrets),
  driver_internal_info: maskedJson('driver_internal_info', mayHoldSecrets, maskSecrets),
  extra: json('extra'),
  fault: text('fault'),
  inspection_finished_at: time('inspection_finished_at'),
  inspection_started_at: time('inspection_started_at'),
  instance_info: maskedJson('instance_info', mayHoldSecrets, maskInstanceInfo),
  instance_uuid: text('instance_uuid'),
  last_error: text('last_error'),
  lessee: text('lessee'),
  maintenance: flag('maintenance'),
  maintenance_reason: text('maintenance_reason'),
  name: text('name'),
  network_data: json('network_data'),
  owner: text('owner'),
  power_state: text('power_state'),
  properties: json('properties'),
  protected: flag('protected'),
  protected_reason: text('protected_reason'),
  provision_state: {
    columns: ['provision_state'],
    schema: z.string().nullable(),
    write: (row, call) => writeText(shownState(String(row.provision_state), call)),
  },
  provision_updated_at: time('provision_updated_at'),
  raid_config: json('raid_config'),
  reservation: {
    columns: ['reservation', 'reservation_expires_at_ms'],
    schema: z.string().nullable(),
    write: (row) =>
      Number(row.reservation_expires_at_ms ?? 0) < Date.now()
        ? 'null'
        : writeText(row.reservation ?? null),
  },
  resource_class: text('resource_class'),
  retired: flag('retired'),
  retired_reason: text('retired_reason'),
  secure_boot: flag('secure_boot'),
  service_step: json('service_step'),
  shard: text('shard'),
  parent_node: text('parent_node'),
  target_power_state: text('target_power_state'),
  target_provision_state: text('target_provision_state'),
  target_raid_config: json('target_raid_config'),
  traits: { columns: [TRAITS], schema: z.array(z.string()), write: (row) => String(row.traits) },
  ...INTERFACES,
  conductor: {
    columns: [],
    schema: z.string().nullable(),
    write: (_row, call) => writeText(call.conductor.name),
  },
  chassis_uuid: text('chassis_uuid'),
  ports: link('ports'),
  states: link('states'),
  portgroups: link('portgroups'),
  volume: link('volume'),
};

/** The wire form of a node. */
export const NODE_SHAPE = {
  collection: 'nodes',
  group: 'nodeFields',
  brief: ['uuid', 'instance_uuid', 'maintenance', 'power_state', 'provision_state', 'name'],
  fields: guarded(FIELDS),
} as const satisfies FieldSet;

/** The provision state as a client of this version knows it. */
export function shownState(state: string, call: Pick<Call, 'minor'>): string | null {
  if (state === 'available' && call.minor < MINOR.availableNamed) return null;
  if (state === 'inspect wait' && call.minor < MINOR.inspectWait) return 'inspecting';
  return state;
}
