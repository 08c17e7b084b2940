import { IronpxeError } from '../errors/error.ts';
import type { ProvisionState } from '../states/index.ts';
import { findNode, getNode } from '../store/nodes.ts';
import { nodeOfMacs } from '../store/ports.ts';
import type { Node } from '../store/types.ts';
import { tryParseMac } from '../values/mac.ts';
import { MIN_MINOR, MINOR, since } from './gates.ts';
import { renderNode } from './nodes/view.ts';
import { refuseUnknown } from './paging.ts';
import type { Answer, Call } from './resource.ts';
import { agentInspection, heartbeat, parse, uuid as uuidText } from './schemas.ts';

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
  'service wait',
];

/** States in which what an agent reports is kept: also where its work is held. */
const REPORTING_STATES: readonly ProvisionState[] = [
  ...AGENT_STATES,
  'clean hold',
  'deploy hold',
  'servicing',
  'service hold',
];

const FIELDS = ['uuid', 'properties', 'instance_info', 'driver_internal_info'];
const HEARTBEAT_TIMEOUT_SECONDS = 300;

/** `GET /v1/lookup?addresses=MAC,MAC&node_uuid=UUID`: an agent finds its node. Public. */
export async function lookUp(call: Call): Promise<Answer> {
  refuseUnknown(call, ['addresses', 'node_uuid']);
  const node = await lookedUp(call);
  if (node === undefined || !AGENT_STATES.includes(node.provisionState))
    throw new IronpxeError('NODE_NOT_FOUND', 'No node that expects an agent was found.');
  return { status: 200, json: await introduce(call, node) };
}

/** What an agent is told of its node, and how it reports: with the token that it gets here. */
async function introduce(call: Call, node: Node): Promise<string> {
  const token = call.minor < MINOR.agentToken ? null : await call.conductor.agentToken(node);
  const config = {
    metrics: NO_METRICS,
    metrics_statsd: { statsd_host: 'localhost', statsd_port: 8125 },
    heartbeat_timeout: HEARTBEAT_TIMEOUT_SECONDS,
    agent_token: token,
    agent_token_required: true,
    disable_deep_image_inspection: false,
    permitted_image_formats: ['raw', 'qcow2', 'iso'],
    enable_bios_bootloader_install: true,
  };
  const shown = await renderNode(call, node, FIELDS);
  return `{"node":${shown},"config":${JSON.stringify(config)}}`;
}

/** Agents send none, so where to send them is left at their own defaults. */
const NO_METRICS = {
  backend: 'noop',
  prepend_host: false,
  prepend_uuid: false,
  prepend_host_reverse: true,
  global_prefix: null,
} as const;

async function lookedUp(call: Call): Promise<Node | undefined> {
  const { node_uuid: uuid, addresses } = call.query;
  if (uuid === undefined && addresses === undefined)
    throw new IronpxeError('INVALID_REQUEST', 'Either node_uuid or addresses is needed.');
  if (uuid !== undefined) return findNode(call.database, parse(uuidText, uuid, 'node_uuid'));
  const macs = (addresses ?? '').split(',').flatMap((text) => tryParseMac(text) ?? []);
  if (macs.length === 0)
    throw new IronpxeError('INVALID_REQUEST', `addresses: found no MAC address in "${addresses}".`);
  const owner = await nodeOfMacs(call.database, macs);
  return owner === undefined ? undefined : findNode(call.database, owner);
}

/** `POST /v1/heartbeat/{ident}`: an agent reports where it is reached. Public: the token is the proof. */
export async function takeHeartbeat(call: Call): Promise<Answer> {
  const beat = parse(heartbeat, call.body, 'heartbeat');
  for (const [name, value] of Object.entries(beat))
    if (value !== undefined && value !== null && since('heartbeatFields', name) > call.minor)
      throw new IronpxeError('INVALID_REQUEST', `Field "${name}" not recognised in this version.`);
  const node = await getNode(call.database, call.params.ident ?? '');
  if (!beat.agent_version && !beat.agent_status)
    throw new IronpxeError(
      'INVALID_REQUEST',
      'Agent did not transmit a version, and a version is required.',
    );
  await call.conductor.passHeartbeat(node, {
    callbackUrl: beat.callback_url,
    token: beat.agent_token ?? null,
    version: beat.agent_version ?? null,
    verifyCa: beat.agent_verify_ca ?? null,
    status: beat.agent_status ?? null,
    statusMessage: beat.agent_status_message ?? null,
    expected: REPORTING_STATES.includes(node.provisionState),
  });
  return { status: 202 };
}

/** An inventory with what collectors add, such as lists of PCI devices and of LLDP frames. */
export const INSPECTION_BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * `POST /v1/continue_inspection`. Public: only a node whose inspection waits takes it in. Version 1.1
 * is answered as ironic-inspector would, and those between had no such path.
 */
export async function continueInspection(call: Call): Promise<Answer> {
  refuseUnknown(call, ['node_uuid']);
  const { node_uuid: nodeUuid } = call.query;
  const asInspector = call.minor === MIN_MINOR && nodeUuid === undefined;
  if (!asInspector && call.minor < MINOR.inspectionAsLookup)
    throw new IronpxeError(
      'RESOURCE_NOT_FOUND',
      `continue_inspection needs API version 1.${MINOR.inspectionAsLookup}, the request asks for 1.${call.minor}.`,
    );
  const { inventory, error, ...pluginData } = parse(
    agentInspection,
    call.body,
    'continue_inspection',
  );
  const macs = inventory.interfaces.flatMap(
    ({ mac_address: text }) => tryParseMac(text ?? '') ?? [],
  );
  const node = await call.conductor.inspectedNode({
    macs,
    nodeUuid: nodeUuid && parse(uuidText, nodeUuid, 'node_uuid'),
  });
  // Before the inspection goes on, which needs the node for itself.
  const json = asInspector ? JSON.stringify({ uuid: node.uuid }) : await introduce(call, node);
  await call.conductor.continueInspection(node.uuid, {
    inventory,
    pluginData,
    error: error ?? null,
  });
  return { status: 202, json };
}
