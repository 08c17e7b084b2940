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

/** So many rows, and what is made of them, fit into the young generation of the heap. */
const TURN_ROWS = 100;

/**
 * The rows of a page with the wanted columns (SQL text) only, not parsed, a hundred at a time: a
 * thousand at once would live long enough to cost the garbage collector half of a list's time. Where
 * they are to be sorted first, they come all at once.
 * @throws IronpxeError RECORD_NOT_FOUND for a marker that names none
 */
export async function* turnsOfRows(
  database: Database,
  table: PagedTable,
  columns: readonly string[],
  query: PageQuery,
): AsyncGenerator<RawRow[], void, void> {
  const plain = database.withoutPlugins();
  const most = query.sortColumn === undefined ? TURN_ROWS : query.limit;
  let from = await placeOfMarker(plain, table, query);
  for (let left = query.limit; left > 0; left -= most) {
    const limit = Math.min(most, left);
    const wanted = [sql.raw(columns.join(', ')), placeIn(query)];
    const rows = await rowsFrom<RawRow & Place>(plain, table, { ...query, limit }, wanted, from);
    if (rows.length > 0) yield rows;
    if (rows.length < limit) return;
    from = rows.at(-1);
  }
}

/** The wanted columns (SQL text) of the row with a UUID, not parsed; `undefined` when there is none. */
export async function rowOf(
  database: Database,
  table: PagedTable,
  columns: readonly string[],
  uuid: string,
): Promise<RawRow | undefined> {
  const one = { limit: 1, descending: false, equal: { uuid }, present: {} };
  const wanted = [sql.raw(columns.join(', '))];
  const [row] = await rowsFrom<RawRow>(database.withoutPlugins(), table, one, wanted, undefined);
  return row;
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
): Promise<T[]> {
  const from = await placeOfMarker(database, table, query);
  return rowsFrom<T>(database, table, query, [sql`*`], from);
}

/** Behind which row, in the order of a list, a page begins. */
type Place = { readonly place: number; readonly sortedBy: string | number };

function sortKey({ sortColumn }: PageQuery): RawBuilder<unknown> {
  return sortColumn === undefined ? sql`rowid` : sql`coalesce(${ref(sortColumn)}, ${BEFORE_ALL})`;
}

/** The columns of a {@link Place}. */
function placeIn(query: PageQuery): RawBuilder<unknown> {
  return sql`rowid as place, ${sortKey(query)} as "sortedBy"`;
}

async function placeOfMarker(
  database: Database,
  table: PagedTable,
  query: PageQuery,
): Promise<Place | undefined> {
  if (query.marker === undefined) return undefined;
  const { rows } = await sql<Place>`
    select ${placeIn(query)} from ${sql.table(snake(table))} where uuid = ${query.marker}`.execute(
    database,
  );
  if (rows[0] !== undefined) return rows[0];
  throw new IronpxeError('RECORD_NOT_FOUND', `The marker ${query.marker} could not be found.`);
}

/** Seeks past a place instead of counting rows, so that pages stay cheap and stable. */
async function rowsFrom<T>(
  database: Database,
  table: PagedTable,
  query: PageQuery,
  columns: readonly RawBuilder<unknown>[],
  from: Place | undefined,
): Promise<T[]> {
  const key = sortKey(query);
  const where = [sql`true`, ...filters(query)];
  if (query.visibleTo !== undefined) where.push(visible(table, query.visibleTo));
  const beyond = query.descending ? sql`<` : sql`>`;
  if (from !== undefined)
    where.push(sql`(${key}, rowid) ${beyond} (${from.sortedBy}, ${from.place})`);
  const order = query.descending ? sql`desc` : sql`asc`;
  const { rows } =
    await sql<T>`select ${sql.join(columns)} from ${sql.table(snake(table))} where ${sql.join(where, sql` and `)}
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
