import { z } from 'zod';
import { NODE_SHAPE } from '../nodes/shape.ts';
import { schemas } from '../rows.ts';

const { links, object, time } = schemas;
const text = z.string();
const maybe = text.nullable();
const times = { created_at: time, updated_at: time };
/** Which fields are there depends on `fields`, on `detail` and on the version. */
const part = <T extends z.core.$ZodLooseShape>(fields: T) =>
  z.strictObject({ ...fields, links }).partial();

const nodeFields = Object.fromEntries(
  Object.entries(NODE_SHAPE.fields).map(([name, { schema }]) => [name, schema]),
);

const volume = { uuid: text, node_uuid: text, extra: object, ...times };
const step = z.strictObject({
  interface: text,
  step: text,
  args: object,
  priority: z.number().int(),
});

/** What the API answers with, by name; the document refers to these. */
export const ANSWERS = {
  Node: part(nodeFields),
  Port: part({
    uuid: text,
    node_uuid: text,
    address: text,
    name: maybe,
    extra: object,
    internal_info: object,
    is_smartnic: z.boolean(),
    local_link_connection: object,
    physical_network: maybe,
    portgroup_uuid: maybe,
    pxe_enabled: z.boolean(),
    ...times,
  }),
  Portgroup: part({
    uuid: text,
    node_uuid: text,
    name: maybe,
    address: maybe,
    mode: text,
    extra: object,
    internal_info: object,
    properties: object,
    standalone_ports_supported: z.boolean(),
    ports: links,
    ...times,
  }),
  Chassis: part({
    uuid: text,
    description: maybe,
    extra: object,
    nodes: z.array(links),
    ...times,
  }),
  // The interfaces of each kind stand beside these.
  Driver: z
    .looseObject({
      name: text,
      hosts: z.array(text),
      type: z.literal('dynamic'),
      properties: links,
      links,
    })
    .partial(),
  Conductor: part({
    hostname: text,
    conductor_group: text,
    alive: z.boolean(),
    drivers: z.array(text),
    ...times,
  }),
  VolumeConnector: part({ ...volume, type: text, connector_id: text }),
  VolumeTarget: part({
    ...volume,
    volume_type: text,
    volume_id: text,
    boot_index: z.number().int(),
    properties: object,
  }),
  Allocation: part({
    uuid: text,
    name: maybe,
    state: z.enum(['allocating', 'active', 'error']),
    last_error: maybe,
    resource_class: maybe,
    traits: z.array(text),
    candidate_nodes: z.array(text),
    node_uuid: maybe,
    owner: maybe,
    extra: object,
    ...times,
  }),
  DeployTemplate: part({ uuid: text, name: text, steps: z.array(step), extra: object, ...times }),
  FirmwareComponent: z
    .strictObject({
      component: text,
      initial_version: text,
      current_version: text,
      last_version_flashed: maybe,
      ...times,
    })
    .partial(),
  HistoryEntry: part({
    uuid: text,
    created_at: text,
    severity: text,
    event: text,
    event_type: maybe,
    conductor: maybe,
    user: maybe,
  }),
  NodeStates: z
    .strictObject({
      console_enabled: z.boolean(),
      last_error: maybe,
      power_state: maybe,
      provision_state: maybe,
      provision_updated_at: maybe,
      target_power_state: maybe,
      target_provision_state: maybe,
      raid_config: object,
      target_raid_config: object,
      boot_mode: maybe,
      secure_boot: z.boolean().nullable(),
    })
    .partial(),
  Validation: z.record(
    text,
    z.strictObject({ result: z.boolean().nullable(), reason: text.optional() }),
  ),
  Image: z.looseObject({ name: text, created_at: time, updated_at: time }),
  Timeline: z.strictObject({
    events: z.array(z.looseObject({ id: z.number().int(), at: text, kind: text, message: text })),
    last_event_id: z.number().int(),
    operation: z.looseObject({ uuid: text, verb: text, status: text }).nullable(),
    node: object,
  }),
  Phases: z.looseObject({
    operation: z.looseObject({ uuid: text, verb: text, status: text }).nullable(),
    phases: z.array(
      z.looseObject({
        name: text,
        title: text,
        status: text,
        started_at: time,
        ended_at: maybe,
        duration_ms: z.number().nullable(),
        usual_ms: z.number().nullable(),
        slow: z.boolean(),
        parts: z.array(object),
        transfers: z.array(object),
      }),
    ),
  }),
  Explanation: z.looseObject({
    outcome: z.enum(['explained', 'unknown', 'under_way', 'well']),
    known: z.array(text),
    code: maybe,
    title: maybe,
    certainty: maybe,
    cause: maybe,
    evidence: z.array(z.looseObject({ id: z.number().int().nullable(), message: text })),
    confirm: maybe,
    fix: maybe,
    page: maybe,
  }),
  Any: z.unknown(),
  Object: object,
  Error: z.strictObject({ error_message: text }),
} as const;
export type AnswerName = keyof typeof ANSWERS;
