import type { JsonObject, Node } from '../../store/types.ts';
import type { Answer, Call } from '../resource.ts';
import { consoleChange, parse } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';
import { interfaceOf } from './interfaces.ts';
import { driverOfNode, unsupported } from './management.ts';

/** `GET /v1/nodes/{ident}/states/console` */
export async function showConsole(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  refuseWithout(call, node);
  const body = {
    console_enabled: node.consoleEnabled,
    console_info: node.consoleEnabled ? infoOf(call, node) : null,
  };
  return { status: 200, body };
}

/** `PUT /v1/nodes/{ident}/states/console` */
export async function changeConsole(call: Call): Promise<Answer> {
  const { enabled } = parse(consoleChange, call.body, 'console');
  const node = await nodeOfPath(call);
  refuseWithout(call, node);
  // Without the node's lock: people want to look at a machine while it is worked on.
  await call.conductor.consoles.set(node, enabled);
  return {
    status: 202,
    location: `${call.baseUrl}/v1/nodes/${call.params.ident}/states/console`,
  };
}

function infoOf(call: Call, node: Node): JsonObject | null {
  const { consoleInfo } = driverOfNode(call, node);
  const machine = { uuid: node.uuid, driverInfo: node.driverInfo, macs: [] };
  return consoleInfo === undefined
    ? call.conductor.consoles.infoOf(node.uuid)
    : consoleInfo(machine);
}

function refuseWithout(call: Call, node: Node): void {
  const { consoleInfo, openConsole } = driverOfNode(call, node);
  const has = consoleInfo !== undefined || openConsole !== undefined;
  if (!has || interfaceOf(call, node, 'console') === 'no-console')
    throw unsupported(node, 'console');
}
