import { IronpxeError } from '../errors/error.ts';
import type { Database } from './database.ts';
import type { JsonObject } from './types.ts';

/** What an inspection found: the inventory in the agent's form, and what else was collected. */
export type Inventory = { readonly inventory: JsonObject; readonly pluginData: JsonObject };

/** Keeps what an inspection found of a node, in the place of what was found before. */
export async function putInventory(
  database: Database,
  nodeUuid: string,
  found: Inventory,
): Promise<void> {
  const row = {
    inventory: JSON.stringify(found.inventory),
    pluginData: JSON.stringify(found.pluginData),
    createdAt: new Date().toISOString(),
  };
  await database
    .insertInto('inventories')
    .values({ nodeUuid, ...row })
    .onConflict((conflict) => conflict.column('nodeUuid').doUpdateSet(row))
    .execute();
}

/** @throws IronpxeError RECORD_NOT_FOUND when the node was never inspected */
export async function getInventory(database: Database, nodeUuid: string): Promise<Inventory> {
  const row = await database
    .selectFrom('inventories')
    .selectAll()
    .where('nodeUuid', '=', nodeUuid)
    .executeTakeFirst();
  if (row === undefined)
    throw new IronpxeError(
      'RECORD_NOT_FOUND',
      `Node ${nodeUuid} has no inventory: it was not inspected yet.`,
    );
  return { inventory: JSON.parse(row.inventory), pluginData: JSON.parse(row.pluginData) };
}
