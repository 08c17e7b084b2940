import { IronpxeError } from '../errors/error.ts';
import type { ProvisionState } from '../states/index.ts';
import { findNode, getNode } from '../store/nodes.ts';
import { listPorts } from '../store/ports.ts';
import type { Node } from '../store/types.ts';
import { tryParseMac } from '../values/mac.ts';
import { isUuid } from '../values/uuid.ts';
import { refuseNewer } from './fields.ts';
import { renderNode } from './nodes/view.ts';
import { refuseUnknown } from './paging.ts';
import type { Answer, Call } from './resource.ts';
import { heartbeat, parse } from './schemas.ts';

/** States in which an agent may ask who it is. */
const AGENT_STATES: readonly ProvisionState[] = [
  'deploying',
  'wait call-back',
  'cleaning',
  'clean wait',
  'inspecting',
  'inspect wait',
  'rescuing',
  'rescue wait',
];

const FIELDS = ['uuid', 'properties', 'instance_info', 'driver_internal_info'];
const HEARTBEAT_TIMEOUT_SECONDS = 300;

/** `GET /v1/lookup?addresses=MAC,MAC&node_uuid=UUID`: an agent finds its node. Public. */
export async function lookUp(call: Call): Promise<Answer> {
  refuseUnknown(call, ['addresses', 'node_uuid']);
  const node = await lookedUp(call);
  if (node === undefined || !AGENT_STATES.includes(node.provisionState))
    throw new IronpxeError('NODE_NOT_FOUND', 'No node that expects an agent was found.');
  const body = {
    node: await renderNode(call, node, FIELDS),
    config: { heartbeat_timeout: HEARTBEAT_TIMEOUT_SECONDS, agent_token_required: true },
  };
  return { status: 200, body };
}

async function lookedUp(call: Call): Promise<Node | undefined> {
  const { node_uuid: uuid, addresses } = call.query;
  if (uuid === undefined && addresses === undefined)
    throw new IronpxeError('INVALID_REQUEST', 'Either node_uuid or addresses is needed.');
  if (uuid !== undefined && isUuid(uuid)) return findNode(call.database, uuid);
  const macs = (addresses ?? '').split(',').flatMap((text) => tryParseMac(text) ?? []);
  const ports = await Promise.all(macs.map((address) => listPorts(call.database, { address })));
  const owners = [...new Set(ports.flat().map(({ nodeUuid }) => nodeUuid))];
  return owners.length === 1 ? findNode(call.database, owners[0] ?? '') : undefined;
}

/**
 * `POST /v1/heartbeat/{ident}`. A heartbeat counts only with a token, which versions below 1.62
 * cannot carry: so it is refused, as Ironic itself refuses it. Public.
 */
export async function takeHeartbeat(call: Call): Promise<Answer> {
  parse(heartbeat, call.body, 'heartbeat');
  for (const name of Object.keys(Object(call.body)))
    refuseNewer('heartbeatFields', name, call.minor);
  await getNode(call.database, call.params.ident ?? '');
  throw new IronpxeError('INVALID_REQUEST', 'Invalid or missing agent token received.');
}
