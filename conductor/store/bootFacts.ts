import { appendEvent } from './events.ts';
import type { BootFacts, BootLabel } from '../netboot/facts.ts';
import { type Database, inTransaction } from './database.ts';

/** What a node boots, or `undefined` when it has nothing to boot. */
export async function getBootFacts(
  database: Database,
  nodeUuid: string,
): Promise<BootFacts | undefined> {
  const row = await database
    .selectFrom('bootFacts')
    .selectAll()
    .where('nodeUuid', '=', nodeUuid)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    ...row,
    label: row.label as BootLabel,
    files: JSON.parse(row.files),
    diskIdentifier: row.diskIdentifier ?? undefined,
  };
}

/** Replaces what a node boots, with its event, in one transaction. */
export async function putBootFacts(
  database: Database,
  facts: BootFacts,
  operationUuid?: string,
): Promise<void> {
  const { nodeUuid, label } = facts;
  const row = {
    ...facts,
    files: JSON.stringify(facts.files),
    diskIdentifier: facts.diskIdentifier ?? null,
  };
  await inTransaction(database, async (trx) => {
    await trx.deleteFrom('bootFacts').where('nodeUuid', '=', nodeUuid).execute();
    await trx.insertInto('bootFacts').values(row).execute();
    const message = `boots ${label} from now on`;
    const data = { label, files: facts.files };
    await appendEvent(trx, { kind: 'boot_facts.changed', nodeUuid, operationUuid, message, data });
  });
}

/** Takes a node's boot facts away: it boots nothing from the network. */
export async function deleteBootFacts(
  database: Database,
  nodeUuid: string,
  operationUuid?: string,
): Promise<void> {
  await inTransaction(database, async (trx) => {
    await trx.deleteFrom('bootFacts').where('nodeUuid', '=', nodeUuid).execute();
    const message = 'boots nothing from the network from now on';
    await appendEvent(trx, { kind: 'boot_facts.changed', nodeUuid, operationUuid, message });
  });
}
