import { randomBytes, timingSafeEqual } from 'node:crypto';
import { IronpxeError } from '../errors/error.ts';
import { type Database, inTransaction } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { mergeOperationData, unfinishedOperations } from '../store/operations.ts';
import type { Node, Operation } from '../store/types.ts';
import type { DeployInfo, DeployReply, LoaderInfo } from './conductor.ts';
import { type DeployData, parseDeployData } from './steps/deployData.ts';

/**
 * Journals the ramdisk's call. It needs no lock: a classic ramdisk calls once and never again, so
 * the first call must be taken in whatever the conductor is busy with. The same call again is
 * taken in again, gets the same answer, and changes nothing.
 * @returns what the ramdisk is answered, if it takes commands
 * @throws IronpxeError DEPLOY_NOT_WAITING, DEPLOY_KEY_MISMATCH, RAMDISK_NOT_AUTHENTIC
 */
export async function takeInDeployInfo(
  database: Database,
  node: Node,
  info: DeployInfo,
): Promise<DeployReply | undefined> {
  const operation = await operationOf(database, node);
  const data = parseDeployData(operation.data);
  if (!sameKey(info.key, data.deployKey)) {
    const message = `A call-back from ${info.address} carries a wrong deploy key; it is ignored.`;
    await note(database, node, operation, message);
    throw new IronpxeError('DEPLOY_KEY_MISMATCH', 'Deploy key does not match.');
  }
  const nonces = noncesFor(info, data);
  const { key: _, nonce: __, stages: ___, ...rest } = info;
  const callback = { ...rest, ...(nonces && { nonces }) };
  await inTransaction(database, async (trx) => {
    await mergeOperationData(trx, operation.uuid, { callback });
    const offers = info.iqn === undefined ? 'waits for commands' : `exports ${info.iqn}`;
    await note(
      trx,
      node,
      operation,
      info.error ?? `the ramdisk ${offers} at ${info.address}`,
      info,
    );
  });
  return nonces && { nonce: nonces.ours };
}

/**
 * Journals how a classic ramdisk fared with the boot loader.
 * @throws IronpxeError DEPLOY_NOT_WAITING, DEPLOY_KEY_MISMATCH
 */
export async function takeInLoaderInfo(
  database: Database,
  node: Node,
  { key, address, status, error }: LoaderInfo,
): Promise<void> {
  const operation = await operationOf(database, node);
  const data = parseDeployData(operation.data);
  if (data.loaderDeadlineMs === undefined)
    throw new IronpxeError(
      'DEPLOY_NOT_WAITING',
      `Node ${node.uuid} waits for no news of a boot loader.`,
    );
  if (!sameKey(key, data.deployKey)) {
    const message = `News of a boot loader from ${address} carry a wrong deploy key; ignored.`;
    await note(database, node, operation, message);
    throw new IronpxeError('DEPLOY_KEY_MISMATCH', 'Deploy key does not match.');
  }
  await mergeOperationData(database, operation.uuid, { loader: { status, error } });
}

/** An authenticated machine that turns into a classic one is another machine. */
function noncesFor(info: DeployInfo, { callback }: DeployData) {
  const known = callback?.nonces;
  if (info.nonce === undefined && known !== undefined)
    throw new IronpxeError(
      'RAMDISK_NOT_AUTHENTIC',
      `A call-back from ${info.address} comes without the proof that the ramdisk at ${callback?.address} gave.`,
    );
  if (info.nonce === undefined) return undefined;
  if (info.nonce === known?.ramdisk) return known;
  return { ramdisk: info.nonce, ours: randomBytes(32).toString('hex') };
}

/** The operation that waits for a ramdisk: the one that made a deploy key. */
async function operationOf(database: Database, node: Node): Promise<Operation> {
  const operations = await unfinishedOperations(database, node.uuid);
  const found = operations.find(
    ({ status, data }) => status === 'running' && parseDeployData(data).deployKey !== undefined,
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
    ...(info && {
      data: {
        address: info.address,
        iqn: info.iqn,
        listen_port: info.listenPort,
        ...(info.stages && { stages: info.stages }),
      },
    }),
  });
}
