import { IronpxeError } from '../../errors/error.ts';
import { getNode } from '../../store/nodes.ts';
import type { Node } from '../../store/types.ts';
import { isUuid } from '../../values/uuid.ts';
import { since } from '../gates.ts';
import type { Call } from '../resource.ts';

/** The node that the path names. @throws IronpxeError NODE_NOT_FOUND */
export async function nodeOfPath(call: Call): Promise<Node> {
  return namedNode(call, call.params.ident ?? '');
}

/** The node named by UUID, or by name where the version has names. @throws NODE_NOT_FOUND */
export async function namedNode(call: Call, ident: string): Promise<Node> {
  if (!isUuid(ident) && call.minor < since('nodeFields', 'name'))
    throw new IronpxeError('NODE_NOT_FOUND', `Node ${ident} could not be found.`);
  return getNode(call.database, ident);
}
