import { sql } from 'kysely';
import { type Database, inTransaction } from './database.ts';

/** A part of a machine that has firmware, with its versions. Times are ISO 8601 text. */
export type FirmwareComponent = {
  readonly component: string;
  /** As it was read for the first time. */
  readonly initialVersion: string;
  readonly currentVersion: string;
  /** The last one that took the place of another; null while there was none. */
  readonly lastVersionFlashed: string | null;
  readonly createdAt: string;
  readonly updatedAt: string | null;
};

/** The firmware of a node, in the order in which it was first read. */
export async function listFirmwareComponents(
  database: Database,
  nodeUuid: string,
): Promise<FirmwareComponent[]> {
  return database
    .selectFrom('firmwareComponents')
    .select([
      'component',
      'initialVersion',
      'currentVersion',
      'lastVersionFlashed',
      'createdAt',
      'updatedAt',
    ])
    .where('nodeUuid', '=', nodeUuid)
    .orderBy(sql`rowid`)
    .execute();
}

/**
 * Keeps the versions that were read, and what was known of components that are not told this time.
 * @returns those that are new or changed
 */
export async function putFirmwareVersions<T extends { component: string; version: string }>(
  database: Database,
  nodeUuid: string,
  found: readonly T[],
): Promise<T[]> {
  return inTransaction(database, async (trx) => {
    const known = await listFirmwareComponents(trx, nodeUuid);
    const current = new Map(known.map((row) => [row.component, row.currentVersion]));
    const changed = found.filter(({ component, version }) => current.get(component) !== version);
    const now = new Date().toISOString();
    for (const { component, version } of changed)
      await trx
        .insertInto('firmwareComponents')
        .values({
          nodeUuid,
          component,
          initialVersion: version,
          currentVersion: version,
          lastVersionFlashed: null,
          createdAt: now,
          updatedAt: null,
        })
        .onConflict((conflict) =>
          conflict.columns(['nodeUuid', 'component']).doUpdateSet({
            currentVersion: version,
            lastVersionFlashed: version,
            updatedAt: now,
          }),
        )
        .execute();
    return changed;
  });
}
