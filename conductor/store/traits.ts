import type { Database } from './database.ts';

/** The traits of a node, sorted. */
export async function listTraits(database: Database, nodeUuid: string): Promise<string[]> {
  const rows = await database
    .selectFrom('traits')
    .select('trait')
    .where('nodeUuid', '=', nodeUuid)
    .orderBy('trait')
    .execute();
  return rows.map(({ trait }) => trait);
}

/** The traits of many nodes at once, for lists. */
export async function traitsOf(
  database: Database,
  nodeUuids: readonly string[],
): Promise<Map<string, string[]>> {
  const rows = await database
    .selectFrom('traits')
    .selectAll()
    .where('nodeUuid', 'in', nodeUuids)
    .orderBy('trait')
    .execute();
  const byNode = new Map<string, string[]>();
  for (const { nodeUuid, trait } of rows)
    byNode.set(nodeUuid, [...(byNode.get(nodeUuid) ?? []), trait]);
  return byNode;
}

/** Makes `traits` the traits of a node, within the caller's transaction. */
export async function setTraits(
  database: Database,
  nodeUuid: string,
  traits: readonly string[],
): Promise<void> {
  await database.deleteFrom('traits').where('nodeUuid', '=', nodeUuid).execute();
  const rows = [...new Set(traits)].map((trait) => ({ nodeUuid, trait }));
  if (rows.length > 0) await database.insertInto('traits').values(rows).execute();
}
