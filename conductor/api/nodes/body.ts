import { hasCode, IronpxeError } from '../../errors/error.ts';
import type { PageQuery } from '../../store/pages.ts';
import { getNode } from '../../store/nodes.ts';
import type { Node } from '../../store/types.ts';
import type { Call } from '../resource.ts';
import { namedNode } from './ident.ts';

/** A node that a body names and is not there is a fault of the body (400), not of the path. */
export async function nodeOfBody(call: Call, uuid: string): Promise<Node> {
  try {
    return await getNode(call.database, uuid);
  } catch (error) {
    if (!hasCode(error, 'NODE_NOT_FOUND')) throw error;
    throw new IronpxeError('INVALID_REQUEST', error.message, { cause: error });
  }
}

/** Runs a change of what belongs to a node while the node is reserved. */
export async function whileReserved<R>(
  call: Call,
  nodeUuid: string,
  change: () => Promise<R>,
): Promise<R> {
  return call.conductor.whileLocked(await nodeOfBody(call, nodeUuid), change);
}

/** The filter `node=`: things of one node, by name or UUID. */
export async function ofNode(call: Call, ident: string): Promise<PageQuery['equal']> {
  return { nodeUuid: (await namedNode(call, ident)).uuid };
}
