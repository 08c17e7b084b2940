import { explain, IronpxeError } from '../errors/error.ts';
import { isSettled, nextPlace } from '../states/index.ts';
import { inTransaction } from '../store/database.ts';
import { listNodes, transition } from '../store/nodes.ts';
import { unfinishedOperations } from '../store/operations.ts';
import type { Database } from '../store/database.ts';
import type { Node } from '../store/types.ts';
import { failurePatch } from './outcome.ts';

/**
 * Fails the nodes that are on their way without anything that moves them: a conductor was killed
 * after it ended one operation and before it began the next. Nothing stays in a state for ever.
 */
export async function failOrphans(database: Database): Promise<void> {
  const moved = new Set((await unfinishedOperations(database)).map(({ nodeUuid }) => nodeUuid));
  const nodes = await listNodes(database);
  const left = nodes.filter(
    ({ uuid, provisionState }) => !isSettled(provisionState) && !moved.has(uuid),
  );
  for (const node of left) await failOrphan(database, node);
}

async function failOrphan(database: Database, node: Node): Promise<void> {
  const here = { state: node.provisionState, targetState: node.targetProvisionState };
  const event = nextPlace(here, 'fail') === undefined ? 'abort' : 'fail';
  const reason = new IronpxeError(
    'CONDUCTOR_STOPPED',
    `The conductor was stopped while the node was in state "${node.provisionState}".`,
  );
  await inTransaction(database, async (trx) => {
    const patch = failurePatch(node, explain(reason));
    await transition(trx, node.uuid, event, { patch });
  });
}
