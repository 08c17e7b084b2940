import { type RawBuilder, sql, type Transaction } from 'kysely';
import { IronpxeError } from '../errors/error.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { Database } from './database.ts';
import { type PageQuery, pageOf } from './pages.ts';
import type { Tables } from './tables.ts';

type Connection = Database | Transaction<Tables>;

/** What every record has. Times are ISO 8601 text. */
export type Stored = {
  readonly uuid: string;
  readonly createdAt: string;
  readonly updatedAt: string | null;
};

/** A kind of record that is no more than its fields: a table, and how its columns are read. */
export type RecordKind<T extends Stored> = {
  readonly table: keyof Tables;
  /** What one is called in messages. */
  readonly noun: string;
  readonly json: readonly (keyof T)[];
  readonly booleans: readonly (keyof T)[];
  readonly notFound: ErrorCode;
  readonly exists: ErrorCode;
  /** The column that names one besides its UUID, if there is one. */
  readonly nameColumn?: keyof T & string;
};

/** The fields that a caller writes. */
export type Fields<T extends Stored> = Omit<T, 'uuid' | 'createdAt' | 'updatedAt'>;

type Row = Record<string, unknown>;

function toRecord<T extends Stored>(kind: RecordKind<T>, row: Row): T {
  const entries = Object.entries(row).map(([key, value]) => {
    if (kind.json.includes(key as keyof T)) return [key, JSON.parse(String(value)) as unknown];
    return [key, kind.booleans.includes(key as keyof T) ? value === 1 : value];
  });
  return Object.fromEntries(entries) as T;
}

function toColumns<T extends Stored>(kind: RecordKind<T>, fields: Partial<T>): Row {
  const entries = Object.entries(fields).map(([key, value]) => {
    if (kind.json.includes(key as keyof T)) return [key, JSON.stringify(value)];
    return [key, typeof value === 'boolean' ? Number(value) : value];
  });
  return Object.fromEntries(entries) as Row;
}

/** Inserts a record. @throws IronpxeError the kind's `exists` for a value that must be unique */
export async function insertRecord<T extends Stored>(
  database: Connection,
  kind: RecordKind<T>,
  uuid: string,
  fields: Fields<T>,
): Promise<T> {
  const row = toColumns<T>(kind, { ...fields, uuid, createdAt: new Date().toISOString() } as T);
  const columns = Object.keys(row).map((column) => sql.ref(column));
  const values = Object.values(row).map((value) => sql`${value}`);
  const statement = sql`insert into ${sql.table(kind.table)} (${sql.join(columns)}) values (${sql.join(values)})`;
  await run(statement, database, kind);
  return getRecord(database, kind, uuid);
}

/** Finds a record by UUID, or by name where the kind has one. @throws IronpxeError `notFound` */
export async function getRecord<T extends Stored>(
  database: Connection,
  kind: RecordKind<T>,
  ident: string,
): Promise<T> {
  const byName =
    kind.nameColumn === undefined ? sql`false` : sql`${sql.ref(kind.nameColumn)} = ${ident}`;
  const { rows } = await sql<Row>`select * from ${sql.table(kind.table)}
    where uuid = ${ident.toLowerCase()} or ${byName}`.execute(database);
  const row = rows[0];
  if (row === undefined)
    throw new IronpxeError(kind.notFound, `${kind.noun} ${ident} could not be found.`);
  return toRecord(kind, row);
}

/** A page of records. @throws IronpxeError RECORD_NOT_FOUND for a marker that names none */
export async function pageOfRecords<T extends Stored>(
  database: Database,
  kind: RecordKind<T>,
  query: PageQuery,
): Promise<T[]> {
  const rows = await pageOf<Row>(database, kind.table, query);
  return rows.map((row) => toRecord(kind, row));
}

/** Changes fields of a record. @throws IronpxeError `notFound`, `exists` */
export async function updateRecord<T extends Stored>(
  database: Connection,
  kind: RecordKind<T>,
  uuid: string,
  fields: Partial<Fields<T>>,
): Promise<T> {
  const row = { ...toColumns<T>(kind, fields as Partial<T>), updatedAt: new Date().toISOString() };
  const sets = Object.entries(row).map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
  const statement = sql`update ${sql.table(kind.table)} set ${sql.join(sets)} where uuid = ${uuid}`;
  await run(statement, database, kind);
  return getRecord(database, kind, uuid);
}

/** Removes a record by its UUID. */
export async function deleteRecord<T extends Stored>(
  database: Connection,
  kind: RecordKind<T>,
  uuid: string,
): Promise<void> {
  await sql`delete from ${sql.table(kind.table)} where uuid = ${uuid}`.execute(database);
}

async function run<T extends Stored>(
  statement: RawBuilder<unknown>,
  database: Connection,
  kind: RecordKind<T>,
): Promise<void> {
  try {
    await statement.execute(database);
  } catch (error) {
    const column = /UNIQUE constraint failed: \w+\.(\w+)/.exec(String(error))?.[1];
    if (column === undefined) throw error;
    throw new IronpxeError(kind.exists, `A ${kind.noun} with the same ${column} already exists.`, {
      cause: error,
    });
  }
}
