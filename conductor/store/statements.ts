import type Sqlite from 'better-sqlite3';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** Far more than there are; only lists of many lengths would make more. */
const MOST_KEPT = 256;

/**
 * The same database, which keeps the statements that it prepared last: they come again and again, and
 * to prepare one costs as much as to run it.
 */
export function keepingStatements(sqlite: Sqlite.Database): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => void sqlite.close(),
    prepare(text) {
      const statement: SqliteStatement = kept.get(text) ?? sqlite.prepare(text);
      // Set anew, so that the first of the map is the one that was not used for longest.
      kept.delete(text);
      kept.set(text, statement);
      const [oldest] = kept.keys();
      if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      return statement;
    },
  };
}
