import { IronpxeError } from '../../errors/error.ts';
import type { ProvisionState } from '../../states/index.ts';
import { deleteNode, getNode } from '../../store/nodes.ts';
import type { Node } from '../../store/types.ts';
import type { Answer, Call } from '../resource.ts';
import { nodeOfPath } from './ident.ts';
import { refuseProtected } from './patchRules.ts';

const REMOVABLE: readonly ProvisionState[] = ['enroll', 'manageable', 'adopt failed', 'available'];

/** `DELETE /v1/nodes/{ident}`: a node in maintenance goes in any state. */
export async function removeNode(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  await call.conductor.whileLocked(node, async () => {
    checkRemovable(await getNode(call.database, node.uuid));
    if (node.consoleEnabled) await call.conductor.consoles.set(node, false);
    await deleteNode(call.database, node.uuid);
  });
  return { status: 204 };
}

function checkRemovable(node: Node): void {
  if (node.instanceUuid !== null && !node.maintenance)
    throw new IronpxeError(
      'NODE_ASSOCIATED',
      `Node ${node.uuid} is associated with instance ${node.instanceUuid}.`,
    );
  refuseProtected(node);
  if (!node.maintenance && !REMOVABLE.includes(node.provisionState))
    throw new IronpxeError(
      'NODE_NOT_REMOVABLE',
      `Can not delete node "${node.uuid}" while it is in provision state "${node.provisionState}". Valid provision states to perform deletion are: ${REMOVABLE.join(', ')}.`,
    );
}
