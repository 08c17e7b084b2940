import { appendEvent } from '../../store/events.ts';
import { updateNode } from '../../store/nodes.ts';
import type { NodePatch } from '../../store/types.ts';
import type { Answer, Call } from '../resource.ts';
import { maintenanceChange, parse } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';

/** `PUT /v1/nodes/{ident}/maintenance` */
export async function setMaintenance(call: Call): Promise<Answer> {
  const reason = parse(maintenanceChange, call.body, 'maintenance');
  const patch = { maintenance: true, maintenanceReason: reason };
  return change(call, patch, `put into maintenance: ${reason ?? 'no reason given'}`);
}

/** `DELETE /v1/nodes/{ident}/maintenance` */
export async function endMaintenance(call: Call): Promise<Answer> {
  return change(
    call,
    { maintenance: false, maintenanceReason: null, fault: null },
    'taken out of maintenance',
  );
}

async function change(call: Call, patch: NodePatch, message: string): Promise<Answer> {
  const node = await nodeOfPath(call);
  await call.conductor.whileLocked(node, () =>
    call.database.transaction().execute(async (trx) => {
      await updateNode(trx, node.uuid, patch);
      const data = { paths: ['/maintenance'] };
      await appendEvent(trx, { kind: 'node.updated', nodeUuid: node.uuid, message, data });
    }),
  );
  return { status: 202 };
}
