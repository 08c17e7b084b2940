import { appendEvent } from '../../store/events.ts';
import { updateNode } from '../../store/nodes.ts';
import type { Node } from '../../store/types.ts';
import type { Answer, Call } from '../resource.ts';
import { consoleChange, parse } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';
import { driverOfNode, unsupported } from './management.ts';

/** `GET /v1/nodes/{ident}/states/console` */
export async function showConsole(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const info = consoleOf(call, node);
  const machine = { uuid: node.uuid, driverInfo: node.driverInfo, macs: [] };
  const body = {
    console_enabled: node.consoleEnabled,
    console_info: node.consoleEnabled ? info(machine) : null,
  };
  return { status: 200, body };
}

/** `PUT /v1/nodes/{ident}/states/console` */
export async function changeConsole(call: Call): Promise<Answer> {
  const { enabled } = parse(consoleChange, call.body, 'console');
  const node = await nodeOfPath(call);
  consoleOf(call, node);
  await call.conductor.whileLocked(node, async () => {
    await updateNode(call.database, node.uuid, { consoleEnabled: enabled });
    await appendEvent(call.database, {
      kind: 'node.updated',
      nodeUuid: node.uuid,
      message: `console ${enabled ? 'enabled' : 'disabled'}`,
      data: { paths: ['/console_enabled'] },
    });
  });
  return {
    status: 202,
    location: `${call.baseUrl}/v1/nodes/${call.params.ident}/states/console`,
  };
}

function consoleOf(call: Call, node: Node) {
  const { consoleInfo } = driverOfNode(call, node);
  if (consoleInfo === undefined || node.interfaces.console === 'no-console')
    throw unsupported(node, 'console');
  return consoleInfo;
}
