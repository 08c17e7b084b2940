import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Statements of the first version of the database. */
const FIRST = [
  `create table nodes (
    uuid text primary key, name text unique collate nocase, driver text not null,
    driver_info text not null, driver_internal_info text not null, instance_info text not null,
    instance_uuid text unique, properties text not null, extra text not null, resource_class text,
    provision_state text not null, target_provision_state text, provision_updated_at text,
    power_state text, target_power_state text, last_error text,
    maintenance integer not null, maintenance_reason text,
    reservation text, reservation_expires_at_ms integer,
    created_at text not null, updated_at text) strict`,
  `create table ports (
    uuid text primary key, node_uuid text not null references nodes (uuid) on delete cascade,
    address text not null unique, pxe_enabled integer not null, extra text not null,
    internal_info text not null, local_link_connection text not null,
    created_at text not null, updated_at text) strict`,
  `create index ports_by_node on ports (node_uuid)`,
  `create table leases (
    address text primary key, mac text not null, subnet text not null, state text not null,
    expires_at_ms integer not null) strict`,
  `create index leases_by_mac on leases (mac, subnet)`,
  `create table operations (
    uuid text primary key, node_uuid text not null references nodes (uuid) on delete cascade,
    verb text not null, status text not null, data text not null, error text,
    started_at text not null, ended_at text) strict`,
  `create index operations_by_node on operations (node_uuid)`,
  `create index operations_by_status on operations (status)`,
  `create table steps (
    operation_uuid text not null references operations (uuid) on delete cascade,
    position integer not null, name text not null, status text not null,
    attempts integer not null, started_at text, ended_at text,
    primary key (operation_uuid, position)) strict`,
  `create table events (
    id integer primary key autoincrement, at text not null, node_uuid text, operation_uuid text,
    kind text not null, message text not null, data text not null) strict`,
  `create index events_by_node on events (node_uuid, id)`,
  `create table boot_facts (
    node_uuid text primary key references nodes (uuid) on delete cascade, label text not null,
    files text not null, deploy_options text not null, boot_options text not null,
    disk_identifier text) strict`,
] as const;

const CHASSIS = [
  `create table chassis (
    uuid text primary key, description text, extra text not null,
    created_at text not null, updated_at text) strict`,
  `alter table nodes add column chassis_uuid text references chassis (uuid)`,
  `create index nodes_by_chassis on nodes (chassis_uuid)`,
] as const;

const RESOURCES = [
  `create table portgroups (
    uuid text primary key, node_uuid text not null references nodes (uuid) on delete cascade,
    name text unique collate nocase, address text unique, mode text not null,
    properties text not null, extra text not null, internal_info text not null,
    standalone_ports_supported integer not null,
    created_at text not null, updated_at text) strict`,
  `create index portgroups_by_node on portgroups (node_uuid)`,
  `alter table ports add column portgroup_uuid text references portgroups (uuid)`,
  `alter table ports add column physical_network text`,
  `create table volume_connectors (
    uuid text primary key, node_uuid text not null references nodes (uuid) on delete cascade,
    type text not null, connector_id text not null, extra text not null,
    created_at text not null, updated_at text, unique (type, connector_id)) strict`,
  `create table volume_targets (
    uuid text primary key, node_uuid text not null references nodes (uuid) on delete cascade,
    volume_type text not null, volume_id text not null, boot_index integer not null,
    properties text not null, extra text not null,
    created_at text not null, updated_at text, unique (node_uuid, boot_index)) strict`,
  `create table traits (
    node_uuid text not null references nodes (uuid) on delete cascade, trait text not null,
    primary key (node_uuid, trait)) strict`,
] as const;

const NODE_FIELDS = [
  `alter table nodes add column automated_clean integer`,
  `alter table nodes add column protected integer not null default 0`,
  `alter table nodes add column protected_reason text`,
  `alter table nodes add column owner text`,
  `alter table nodes add column description text`,
] as const;

/** Fields, resources and records of the API's versions 1.52 to 1.82. */
const UP_TO_1_82 = [
  `alter table nodes add column fault text`,
  `alter table nodes add column retired integer not null default 0`,
  `alter table nodes add column retired_reason text`,
  `alter table nodes add column lessee text`,
  `alter table nodes add column shard text`,
  `alter table nodes add column network_data text not null default '{}'`,
  `alter table nodes add column interfaces text not null default '{}'`,
  `alter table nodes add column boot_mode text`,
  `alter table nodes add column secure_boot integer`,
  `alter table nodes add column console_enabled integer not null default 0`,
  `alter table nodes add column clean_step text not null default '{}'`,
  `alter table nodes add column deploy_step text not null default '{}'`,
  `alter table nodes add column raid_config text not null default '{}'`,
  `alter table nodes add column target_raid_config text not null default '{}'`,
  `alter table nodes add column inspection_started_at text`,
  `alter table nodes add column inspection_finished_at text`,
  `alter table nodes add column allocation_uuid text`,
  `alter table ports add column is_smartnic integer not null default 0`,
  `create table allocations (
    uuid text primary key, name text unique collate nocase, state text not null,
    last_error text, resource_class text, traits text not null, candidate_nodes text not null,
    node_uuid text references nodes (uuid) on delete set null, owner text, extra text not null,
    created_at text not null, updated_at text) strict`,
  `create index allocations_by_node on allocations (node_uuid)`,
  `create table deploy_templates (
    uuid text primary key, name text not null unique, steps text not null, extra text not null,
    created_at text not null, updated_at text) strict`,
  `create table inventories (
    node_uuid text primary key references nodes (uuid) on delete cascade,
    inventory text not null, plugin_data text not null, created_at text not null) strict`,
] as const;

/** Images that were given a name. */
const IMAGES = [
  `create table images (
    name text primary key collate nocase, image text not null,
    created_at text not null, updated_at text) strict`,
] as const;

/** How users name a step and what they gave it, in Ironic's form. */
const SHOWN_STEPS = [`alter table steps add column shown text`] as const;

/** What is learned of how machines of a model come to boot from the network. */
const BOOT_HABITS = [
  `create table boot_habits (
    driver text not null, model text not null, method text not null, slowest_ms integer not null,
    seen integer not null, updated_at text not null, primary key (driver, model)) strict`,
] as const;

/** Up to which event each receiver of webhooks has been served. */
const WEBHOOK_CURSORS = [
  `create table webhook_cursors (receiver text primary key, event_id integer not null) strict`,
] as const;

/** Leases are looked up in memory: one tree of them is enough, and what is written stays small. */
const LEASES_IN_ONE_TREE = [
  `create table leases_anew (
    address text primary key, mac text not null, subnet text not null, state text not null,
    expires_at_ms integer not null) strict, without rowid`,
  `insert into leases_anew select address, mac, subnet, state, expires_at_ms from leases`,
  `drop table leases`,
  `alter table leases_anew rename to leases`,
] as const;

/** Fields and records of the API's versions 1.83 to 1.89. */
const UP_TO_1_89 = [
  `alter table nodes add column parent_node text references nodes (uuid) on delete set null`,
  `create index nodes_by_parent on nodes (parent_node) where parent_node is not null`,
  `alter table nodes add column service_step text not null default '{}'`,
  `alter table ports add column name text collate nocase`,
  `create unique index ports_by_name on ports (name) where name is not null`,
  `create table firmware_components (
    node_uuid text not null references nodes (uuid) on delete cascade, component text not null,
    initial_version text not null, current_version text not null, last_version_flashed text,
    created_at text not null, updated_at text, primary key (node_uuid, component)) strict`,
] as const;

function statements(list: readonly string[]): Migration {
  return {
    async up(database: Kysely<unknown>) {
      for (const statement of list) await sql.raw(statement).execute(database);
    },
  };
}

/** The steps from an empty database to today's; names sort in the order of running. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_first': statements(FIRST),
  '0002_chassis': statements(CHASSIS),
  '0003_resources': statements(RESOURCES),
  '0004_node_fields': statements(NODE_FIELDS),
  '0005_up_to_1_82': statements(UP_TO_1_82),
  '0006_images': statements(IMAGES),
  '0007_shown_steps': statements(SHOWN_STEPS),
  '0008_boot_habits': statements(BOOT_HABITS),
  '0009_webhook_cursors': statements(WEBHOOK_CURSORS),
  '0010_leases_in_one_tree': statements(LEASES_IN_ONE_TREE),
  '0011_up_to_1_89': statements(UP_TO_1_89),
};
