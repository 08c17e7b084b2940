import { timingSafeEqual } from 'node:crypto';
import { IronpxeError } from '../errors/error.ts';
import { type Database, inTransaction } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { mergeOperationData, unfinishedOperations } from '../store/operations.ts';
import type { Node, Operation } from '../store/types.ts';
import type { DeployInfo } from './conductor.ts';
import { parseDeployData } from './steps/deployData.ts';

/**
 * Journals the ramdisk's call. It needs no lock: a classic ramdisk calls once and never again, so
 * the first call must be taken in whatever the conductor is busy with. The same call again is
 * taken in again and changes nothing.
 * @throws IronpxeError DEPLOY_NOT_WAITING, DEPLOY_KEY_MISMATCH
 */
export async function takeInDeployInfo(
  database: Database,
  node: Node,
  info: DeployInfo,
): Promise<void> {
  const operation = await deployOf(database, node);
  if (!sameKey(info.key, parseDeployData(operation.data).deployKey)) {
    const message = `A call-back from ${info.address} carries a wrong deploy key; it is ignored.`;
    await note(database, node, operation, message);
    throw new IronpxeError('DEPLOY_KEY_MISMATCH', 'Deploy key does not match.');
  }
  const { key: _, ...callback } = info;
  await inTransaction(database, async (trx) => {
    await mergeOperationData(trx, operation.uuid, { callback });
    const message = info.error ?? `the ramdisk exports ${info.iqn} at ${info.address}`;
    await note(trx, node, operation, message, info);
  });
}

async function deployOf(database: Database, node: Node): Promise<Operation> {
  const operations = await unfinishedOperations(database, node.uuid);
  const found = operations.find(
    ({ verb, status }) => status === 'running' && (verb === 'deploy' || verb === 'rebuild'),
  );
  if (found !== undefined) return found;
  throw new IronpxeError(
    'DEPLOY_NOT_WAITING',
    `Node ${node.uuid} is in state "${node.provisionState}" and waits for no call-back.`,
  );
}

function sameKey(found: string, expected: string | undefined): boolean {
  if (expected === undefined || found.length !== expected.length) return false;
  const bytes = Buffer.from(found);
  const wanted = Buffer.from(expected);
  return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
}

async function note(
  database: Database,
  node: Node,
  operation: Operation,
  message: string,
  info?: DeployInfo,
): Promise<void> {
  await appendEvent(database, {
    kind: info !== undefined && info.error === undefined ? 'ramdisk.callback' : 'ramdisk.error',
    nodeUuid: node.uuid,
    operationUuid: operation.uuid,
    message,
    ...(info && { data: { address: info.address, iqn: info.iqn, listen_port: info.listenPort } }),
  });
}
