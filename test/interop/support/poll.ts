import type { Database } from '../../../conductor/store/database.ts';
import { listEvents } from '../../../conductor/store/events.ts';
import { getNode } from '../../../conductor/store/nodes.ts';

const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 20;

/**
 * Looks until there is an answer. @throws Error with the node's tale after two minutes, so that a
 * test that waits in vain says where the deploy stood
 */
export async function poll<T>(
  database: Database,
  nodeUuid: string,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const giveUpAtMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > giveUpAtMs) throw new Error(await tale(database, nodeUuid));
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** State, last error and events of a node, a line each. */
async function tale(database: Database, nodeUuid: string): Promise<string> {
  const { provisionState, lastError } = await getNode(database, nodeUuid);
  const events = await listEvents(database, { nodeUuid });
  const told = events.map(({ kind, message }) => `${kind} ${message}`);
  return [provisionState, lastError, ...told].join('\n');
}
