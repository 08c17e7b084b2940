import { type RawBuilder, sql } from 'kysely';
import { IronpxeError } from '../errors/error.ts';
import type { Database } from './database.ts';
import { toNode } from './nodes.ts';
import { toPort } from './ports.ts';
import type { ChassisTable, NodesTable, PortsTable, Tables } from './tables.ts';
import type { Chassis, Node, Port } from './types.ts';

/** Which part of a table: `equal` columns must have their value, `present` ones be null or not. */
export type PageQuery = {
  readonly limit: number;
  readonly marker?: string;
  /** A column by its name in the database; the order of creation when absent. */
  readonly sortColumn?: string;
  readonly descending: boolean;
  readonly equal: Readonly<Record<string, string | number>>;
  readonly present: Readonly<Record<string, boolean>>;
  /** Columns that must hold a text, in any case of its letters. */
  readonly contains?: Readonly<Record<string, string>>;
  /** Groups of which at least one column must have its value, such as owner or lessee. */
  readonly anyOf?: readonly (readonly (readonly [column: string, value: string])[])[];
  /** Only what belongs to a node of one of these shards. */
  readonly ofShards?: readonly string[];
  /** A project: only what is of nodes that it owns or leases. */
  readonly visibleTo?: string;
};

/** A row as SQLite gives it, keyed by the names of the columns in the database. */
export type RawRow = Readonly<Record<string, string | number | null>>;

type PagedTable = keyof Tables;

/** A page of nodes. @throws IronpxeError RECORD_NOT_FOUND for a marker that names no node */
export async function pageOfNodes(database: Database, query: PageQuery): Promise<Node[]> {
  return (await pageOf<NodesTable>(database, 'nodes', query)).map(toNode);
}

/**
 * A page of rows with the wanted columns (SQL text) only, not parsed: lists write thousands of them.
 * @throws IronpxeError RECORD_NOT_FOUND for a marker that names none
 */
export async function pageOfRows(
  database: Database,
  table: keyof Tables,
  columns: readonly string[],
  query: PageQuery,
): Promise<RawRow[]> {
  return pageOf<RawRow>(database.withoutPlugins(), table, query, columns);
}

/** A page of ports. @throws IronpxeError RECORD_NOT_FOUND for a marker that names no port */
export async function pageOfPorts(database: Database, query: PageQuery): Promise<Port[]> {
  return (await pageOf<PortsTable>(database, 'ports', query)).map(toPort);
}

/** A page of chassis. @throws IronpxeError RECORD_NOT_FOUND for a marker that names none */
export async function pageOfChassis(database: Database, query: PageQuery): Promise<Chassis[]> {
  const rows = await pageOf<ChassisTable>(database, 'chassis', query);
  return rows.map((row) => ({ ...row, extra: JSON.parse(row.extra) }));
}

/** The rows of a page of any table with a UUID. @throws IronpxeError RECORD_NOT_FOUND */
export async function pageOf<T>(
  database: Database,
  table: PagedTable,
  query: PageQuery,
  columns: readonly string[] = ['*'],
): Promise<T[]> {
  const column = query.sortColumn;
  const key = column === undefined ? sql`rowid` : sql`coalesce(${ref(column)}, ${BEFORE_ALL})`;
  const where = [sql`true`, ...filters(query)];
  if (query.visibleTo !== undefined) where.push(visible(table, query.visibleTo));
  if (query.marker !== undefined) where.push(await after(database, table, key, query));
  const order = query.descending ? sql`desc` : sql`asc`;
  const { rows } =
    await sql<T>`select ${sql.raw(columns.join(', '))} from ${sql.table(snake(table))} where ${sql.join(where, sql` and `)}
    order by ${key} ${order}, rowid ${order} limit ${query.limit}`.execute(database);
  return rows;
}

/** What null sorts as: SQLite puts numbers before texts, and this before all numbers. */
const BEFORE_ALL = sql.lit(-9e18);

/** Rows of a project's nodes. A table without any node in it has an answer of its own, or fails. */
function visible(table: PagedTable, project: string): RawBuilder<unknown> {
  const ownNode = sql`(owner = ${project} or lessee = ${project})`;
  if (table === 'nodes') return ownNode;
  if (table === 'allocations') return sql`owner = ${project}`;
  return sql`node_uuid in (select uuid from nodes where ${ownNode})`;
}

/** A name of the store's types as the database has it; without plugins nothing else turns it. */
function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function ref(column: string): RawBuilder<unknown> {
  return sql.ref(snake(column));
}

function filters(query: PageQuery): RawBuilder<unknown>[] {
  return [
    ...Object.entries(query.equal).map(([column, value]) => sql`${ref(column)} = ${value}`),
    ...Object.entries(query.contains ?? {}).map(
      ([column, text]) => sql`instr(lower(${ref(column)}), ${text.toLowerCase()}) > 0`,
    ),
    ...Object.entries(query.present).map(([column, there]) =>
      there ? sql`${ref(column)} is not null` : sql`${ref(column)} is null`,
    ),
    ...(query.ofShards === undefined
      ? []
      : [sql`node_uuid in (select uuid from nodes where shard in (${sql.join(query.ofShards)}))`]),
    ...(query.anyOf ?? []).map((group) => {
      const each = group.map(([column, value]) => sql`${ref(column)} = ${value}`);
      return sql`(${sql.join(each, sql` or `)})`;
    }),
  ];
}

/** Seeks past the marker instead of counting rows, so that pages stay cheap and stable. */
async function after(
  database: Database,
  table: PagedTable,
  key: RawBuilder<unknown>,
  query: PageQuery,
): Promise<RawBuilder<unknown>> {
  const { rows } = await sql<{ place: number; sortedBy: unknown }>`
    select rowid as place, ${key} as "sortedBy" from ${sql.table(snake(table))} where uuid = ${query.marker}`.execute(
    database,
  );
  const marker = rows[0];
  if (marker === undefined)
    throw new IronpxeError('RECORD_NOT_FOUND', `The marker ${query.marker} could not be found.`);
  const beyond = query.descending ? sql`<` : sql`>`;
  return sql`(${key}, rowid) ${beyond} (${marker.sortedBy}, ${marker.place})`;
}
