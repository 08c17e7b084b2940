import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { CamelCasePlugin, Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from './migrations.ts';
import { keepingStatements } from './statements.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;

/**
 * Opens the SQLite file at `path` (made when missing; `:memory:` for tests) and brings its tables
 * up to date. WAL with synchronous=FULL: what was committed survives a power cut.
 */
export async function openDatabase(path: string): Promise<Database> {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const sqlite = new Sqlite(path);
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('foreign_keys = ON');
  sqlite.pragma('busy_timeout = 5000');
  const database = new Kysely<Tables>({
    dialect: new SqliteDialect({ database: keepingStatements(sqlite) }),
    plugins: [new CamelCasePlugin()],
  });
  await migrate(database);
  return database;
}

async function migrate(database: Database): Promise<void> {
  const provider = { getMigrations: async () => ({ ...MIGRATIONS }) };
  const { error } = await new Migrator({ db: database, provider }).migrateToLatest();
  if (error === undefined) return;
  throw new Error('The database could not be brought up to date.', { cause: error });
}

/** Runs `work` in a transaction: the one that `database` already is, or a new one. */
export async function inTransaction<T>(
  database: Database,
  work: (trx: Database) => Promise<T>,
): Promise<T> {
  return database.isTransaction ? work(database) : database.transaction().execute(work);
}
