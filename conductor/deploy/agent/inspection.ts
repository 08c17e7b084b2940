import { IronpxeError } from '../../errors/error.ts';
import { type Database, inTransaction } from '../../store/database.ts';
import { appendEvent } from '../../store/events.ts';
import { findNode } from '../../store/nodes.ts';
import { mergeOperationData, unfinishedOperations } from '../../store/operations.ts';
import { nodeOfMacs } from '../../store/ports.ts';
import type { Node } from '../../store/types.ts';
import type { Mac } from '../../values/mac.ts';
import type { InspectionReport } from '../conductor.ts';

/** By what an agent tells which node it runs on. */
export type AgentIdentity = {
  readonly macs: readonly Mac[];
  readonly nodeUuid: string | undefined;
};

/** The node on which an agent runs, while it waits for an inspection. @throws NODE_NOT_FOUND */
export async function inspectedNode(database: Database, agent: AgentIdentity): Promise<Node> {
  const uuid = agent.nodeUuid ?? (await nodeOfMacs(database, agent.macs));
  const node = uuid === undefined ? undefined : await findNode(database, uuid);
  if (node?.provisionState === 'inspect wait') return node;
  const named = agent.nodeUuid ?? (agent.macs.join(', ') || '(none)');
  throw new IronpxeError(
    'NODE_NOT_FOUND',
    `No node that waits for an inspection has the UUID or the MACs ${named}.`,
  );
}

/**
 * Journals what an agent found, for the inspection of a node.
 * @throws IronpxeError NODE_NOT_FOUND when none waits for it
 */
export async function takeInInspection(
  database: Database,
  nodeUuid: string,
  report: InspectionReport,
): Promise<void> {
  const operations = await unfinishedOperations(database, nodeUuid);
  const waiting = operations.find(({ verb, status }) => verb === 'inspect' && status === 'running');
  if (waiting === undefined)
    throw new IronpxeError('NODE_NOT_FOUND', `Node ${nodeUuid} waits for no inspection.`);
  const operationUuid = waiting.uuid;
  await inTransaction(database, async (trx) => {
    await mergeOperationData(trx, operationUuid, { agentInventory: report });
    const message = report.error ?? 'the agent told what it found';
    await appendEvent(trx, { kind: 'agent.heartbeat', nodeUuid, operationUuid, message });
  });
}
