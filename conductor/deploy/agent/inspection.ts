import { IronpxeError } from '../../errors/error.ts';
import { type Database, inTransaction } from '../../store/database.ts';
import { appendEvent } from '../../store/events.ts';
import { getNode } from '../../store/nodes.ts';
import { mergeOperationData, unfinishedOperations } from '../../store/operations.ts';
import { listPorts } from '../../store/ports.ts';
import type { Operation } from '../../store/types.ts';
import type { Mac } from '../../values/mac.ts';
import type { InspectionReport } from '../conductor.ts';

/**
 * Journals what an agent found, for the inspection of the one node that has these MACs.
 * @returns the node's UUID
 * @throws IronpxeError NODE_NOT_FOUND when no such node waits for an inspection
 */
export async function takeInInspection(
  database: Database,
  macs: readonly Mac[],
  report: InspectionReport,
): Promise<string> {
  const operation = await waitingInspection(database, macs);
  const { nodeUuid, uuid: operationUuid } = operation;
  await inTransaction(database, async (trx) => {
    await mergeOperationData(trx, operationUuid, { agentInventory: report });
    const message = report.error ?? 'the agent told what it found';
    await appendEvent(trx, { kind: 'agent.heartbeat', nodeUuid, operationUuid, message });
  });
  return nodeUuid;
}

async function waitingInspection(database: Database, macs: readonly Mac[]): Promise<Operation> {
  const ports = await Promise.all(macs.map((address) => listPorts(database, { address })));
  const owners = [...new Set(ports.flat().map(({ nodeUuid }) => nodeUuid))];
  const [uuid] = owners;
  if (uuid !== undefined && owners.length === 1) {
    const { provisionState } = await getNode(database, uuid);
    const operations = await unfinishedOperations(database, uuid);
    const found = operations.find(({ verb, status }) => verb === 'inspect' && status === 'running');
    if (found !== undefined && provisionState === 'inspect wait') return found;
  }
  throw new IronpxeError(
    'NODE_NOT_FOUND',
    `No node that waits for an inspection has the MACs ${macs.join(', ') || '(none)'}.`,
  );
}
