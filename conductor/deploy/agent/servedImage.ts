import type { Database } from '../../store/database.ts';
import { findOperation } from '../../store/operations.ts';
import { parseAgentData } from './data.ts';
import { isGranted } from './imageUrl.ts';

/**
 * The file behind a URL that an agent was given; `undefined` when it was not, when it has expired,
 * or when its deploy is over.
 */
export async function grantedImage(
  database: Database,
  asked: Readonly<Record<'operationUuid' | 'expires' | 'signature', string | undefined>>,
  nowMs: number,
): Promise<{ readonly path: string; readonly nodeUuid: string } | undefined> {
  const operation = await findOperation(database, asked.operationUuid ?? '');
  if (operation?.status !== 'running') return undefined;
  const { agentImage: image } = parseAgentData(operation.data);
  if (image === undefined || !isGranted(asked, image.secret, nowMs)) return undefined;
  return { path: image.path, nodeUuid: operation.nodeUuid };
}
