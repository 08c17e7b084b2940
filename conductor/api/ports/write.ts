import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { hasCode, IronpxeError } from '../../errors/error.ts';
import type { ProvisionState } from '../../states/index.ts';
import type { Database } from '../../store/database.ts';
import { appendEvent } from '../../store/events.ts';
import { getNode } from '../../store/nodes.ts';
import { deletePort, getPort, insertPort, updatePort } from '../../store/ports.ts';
import { getRecord } from '../../store/records.ts';
import { PORTGROUPS } from '../../store/resources.ts';
import { changesNothing, checkRoots } from '../crud.ts';
import type { JsonObject, Node, Port } from '../../store/types.ts';
import { refuseNewer, render } from '../fields.ts';
import { applyPatch, type PatchOperation, rootOf } from '../jsonPatch.ts';
import type { Answer, Call } from '../resource.ts';
import { jsonPatch, parse, portWrite } from '../schemas.ts';
import { nodeOfBody } from '../nodes/body.ts';
import { vifOf } from '../../networking/vifs.ts';
import { portOfPath } from './list.ts';
import { PORT_SHAPE } from './shape.ts';

/** `POST /v1/ports` */
export async function createPort(call: Call): Promise<Answer> {
  for (const name of Object.keys(Object(call.body))) refuseNewer('portFields', name, call.minor);
  const wanted = parse(portWrite, call.body, 'port');
  refuseNewerLink(call, wanted.local_link_connection);
  const node = await nodeOfBody(call, wanted.node_uuid);
  await checkPortgroup(call, wanted);
  const port = await call.conductor.whileLocked(node, () =>
    noted(call, 'added', (trx) =>
      insertPort(trx, { ...columnsOf(wanted), uuid: wanted.uuid ?? randomUUID() }),
    ),
  );
  return {
    status: 201,
    body: render(PORT_SHAPE, port, call),
    location: `${call.baseUrl}/v1/ports/${port.uuid}`,
  };
}

function refuseNewerLink(call: Call, link: JsonObject): void {
  for (const name of Object.keys(link)) refuseNewer('linkFields', name, call.minor);
}

function columnsOf(wanted: z.output<typeof portWrite>) {
  return {
    nodeUuid: wanted.node_uuid,
    address: wanted.address,
    extra: wanted.extra,
    pxeEnabled: wanted.pxe_enabled,
    localLinkConnection: wanted.local_link_connection,
    portgroupUuid: wanted.portgroup_uuid ?? null,
    physicalNetwork: wanted.physical_network ?? null,
    isSmartnic: wanted.is_smartnic,
    name: wanted.name ?? null,
  };
}

/** A portgroup must be there and hold ports of the same node. */
async function checkPortgroup(
  call: Call,
  wanted: { portgroup_uuid?: string | null | undefined; node_uuid: string },
): Promise<void> {
  if (!wanted.portgroup_uuid) return;
  const portgroup = await getRecord(call.database, PORTGROUPS, wanted.portgroup_uuid).catch(
    (error: unknown) => {
      if (!hasCode(error, 'RECORD_NOT_FOUND')) throw error;
      throw new IronpxeError('INVALID_REQUEST', error.message, { cause: error });
    },
  );
  if (portgroup.nodeUuid !== wanted.node_uuid)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Portgroup ${portgroup.uuid} belongs to node ${portgroup.nodeUuid}, not to node ${wanted.node_uuid}.`,
    );
}

/** Fields that PATCH may change; what they are when removed (`undefined`: they cannot be). */
const PATCHABLE: Readonly<Record<string, unknown>> = {
  address: undefined,
  node_uuid: undefined,
  extra: {},
  pxe_enabled: true,
  local_link_connection: {},
  portgroup_uuid: null,
  physical_network: null,
  is_smartnic: false,
  name: null,
};

/** `PATCH /v1/ports/{uuid}` */
export async function patchPort(call: Call): Promise<Answer> {
  const operations = parse(jsonPatch, call.body, 'JSON patch') as PatchOperation[];
  checkRoots(call, 'portFields', PATCHABLE, operations);
  const { uuid, nodeUuid } = await portOfPath(call);
  const node = await getNode(call.database, nodeUuid);
  const changed = await call.conductor.whileLocked(node, async () => {
    const port = await getPort(call.database, uuid);
    const patched = applyPatch(writableForm(port), operations, PATCHABLE);
    const wanted = parse(portWrite, patched, 'port');
    if (operations.some((operation) => rootOf(operation) === 'local_link_connection'))
      refuseNewerLink(call, wanted.local_link_connection);
    await nodeOfBody(call, wanted.node_uuid);
    await checkPortgroup(call, wanted);
    const now = await getNode(call.database, nodeUuid);
    checkAddress(now, port, wanted.address);
    checkConnectivity(now, port, operations);
    const columns = columnsOf(wanted);
    if (changesNothing(port, columns)) return port;
    return noted(call, 'changed', (trx) => updatePort(trx, uuid, columns));
  });
  return { status: 200, body: render(PORT_SHAPE, changed, call) };
}

function writableForm(port: Port): JsonObject {
  return {
    address: port.address,
    node_uuid: port.nodeUuid,
    extra: port.extra,
    pxe_enabled: port.pxeEnabled,
    local_link_connection: port.localLinkConnection,
    portgroup_uuid: port.portgroupUuid,
    physical_network: port.physicalNetwork,
    is_smartnic: port.isSmartnic,
    name: port.name,
  };
}

const DEPLOYED: readonly ProvisionState[] = ['active', 'deploying', 'wait call-back', 'rescue'];

/** The MAC is what the machine is found by: it stays while something runs on it. */
function checkAddress(node: Node, port: Port, address: string): void {
  const used = node.instanceUuid !== null || DEPLOYED.includes(node.provisionState);
  if (address === port.address || node.maintenance || !used) return;
  throw new IronpxeError(
    'FIELD_LOCKED',
    `Cannot update the address of port ${port.uuid}: node ${node.uuid} is in state "${node.provisionState}" or has an instance, and is not in maintenance.`,
  );
}

/** Fields that say how the machine is connected, and states in which that may change. */
const CONNECTIVITY = ['pxe_enabled', 'local_link_connection', 'portgroup_uuid', 'physical_network'];
const UNPLUGGABLE: readonly ProvisionState[] = [
  'enroll',
  'inspecting',
  'inspect wait',
  'manageable',
];

function checkConnectivity(node: Node, port: Port, operations: readonly PatchOperation[]): void {
  const changed = operations.map(rootOf).filter((root) => CONNECTIVITY.includes(root));
  if (changed.length === 0 || node.maintenance || UNPLUGGABLE.includes(node.provisionState)) return;
  throw new IronpxeError(
    'FIELD_LOCKED',
    `Port ${port.uuid} can not have any connectivity attributes (${changed.join(', ')}) updated unless node ${node.uuid} is in a ${UNPLUGGABLE.join(', ')} state or in maintenance mode. The current state is ${node.provisionState}.`,
  );
}

/** `DELETE /v1/ports/{uuid}` */
export async function removePort(call: Call): Promise<Answer> {
  const port = await portOfPath(call);
  const node = await getNode(call.database, port.nodeUuid);
  await call.conductor.whileLocked(node, async () => {
    checkDetached(await getNode(call.database, node.uuid), await getPort(call.database, port.uuid));
    await noted(call, 'removed', async (trx) => {
      await deletePort(trx, port.uuid);
      return port;
    });
  });
  return { status: 204 };
}

function checkDetached(node: Node, port: Port): void {
  const vif = vifOf({ kind: 'port', port });
  if (vif === undefined || node.maintenance) return;
  throw new IronpxeError(
    'PORT_BOUND',
    `Cannot delete the port ${port.uuid}: it carries VIF ${vif}, and node ${node.uuid} is not in maintenance.`,
  );
}

/** Changes a port together with the event of its node, in one transaction. */
async function noted(
  call: Call,
  what: string,
  change: (trx: Database) => Promise<Port>,
): Promise<Port> {
  return call.database.transaction().execute(async (trx) => {
    const port = await change(trx);
    await appendEvent(trx, {
      kind: 'node.updated',
      nodeUuid: port.nodeUuid,
      message: `port ${port.address} ${what}`,
      data: { paths: ['/ports'] },
    });
    return port;
  });
}
