import { IronpxeError } from '../errors/error.ts';
import type { Database } from '../store/database.ts';
import { listPorts, updatePort } from '../store/ports.ts';
import { pageOfRecords, updateRecord } from '../store/records.ts';
import { PORTGROUPS, type Portgroup } from '../store/resources.ts';
import type { JsonObject, Node, Port } from '../store/types.ts';
import { binding } from './binding.ts';
import type { NeutronSite } from './servicePorts.ts';
import { attachedVifs, chooseSocket, type Socket, TENANT_VIF } from './vifs.ts';

/** Which VIF shall go where. */
export type VifRequest = {
  readonly vif: string;
  readonly portUuid?: string | undefined;
  readonly portgroupUuid?: string | undefined;
};

/** What VIFs can be attached to at a node. */
export type NodePorts = {
  readonly nodeUuid: string;
  readonly ports: readonly Port[];
  readonly portgroups: readonly Portgroup[];
};

/** Reads them. */
export async function portsOfNode(
  database: Database,
  { uuid: nodeUuid }: Pick<Node, 'uuid'>,
): Promise<NodePorts> {
  const all = { limit: Number.MAX_SAFE_INTEGER, descending: false, present: {} };
  return {
    nodeUuid,
    ports: await listPorts(database, { nodeUuid }),
    portgroups: await pageOfRecords(database, PORTGROUPS, { ...all, equal: { nodeUuid } }),
  };
}

/**
 * Attaches a VIF: it gets the MAC of the port or portgroup that it goes to. Where the machine is in
 * use it is bound at once, else when the machine boots.
 * @throws IronpxeError VIF_ATTACHED, VIF_NO_FREE_PORT, VIF_UNKNOWN, OPENSTACK_*
 */
export async function attach(
  site: NeutronSite,
  node: Node,
  { vif, ...wish }: VifRequest,
): Promise<void> {
  const { database, neutron, signal } = site;
  const found = await neutron.port(vif, signal);
  if (found === undefined) throw unknownVif(vif);
  const physicalNetworks = await neutron.physicalNetworks(found.network_id, signal);
  const all = await portsOfNode(database, node);
  const socket = chooseSocket({ ...all, vif, ...wish, physicalNetworks });
  const { address } = socket.kind === 'port' ? socket.port : socket.portgroup;
  // Neutron refuses a new MAC while a port is bound.
  await neutron.changePort(vif, UNBOUND, signal);
  if (address !== null) await neutron.changePort(vif, { mac_address: address }, signal);
  await rememberVif(database, socket, vif);
  if (node.provisionState === 'active')
    await neutron.changePort(vif, binding(node, portsBehind(socket, all)), signal);
}

/** Detaches a VIF, which gets a MAC of its own again. @throws IronpxeError VIF_NOT_ATTACHED, OPENSTACK_* */
export async function detach(site: NeutronSite, node: Node, vif: string): Promise<void> {
  const { database, neutron, signal } = site;
  const all = attachedVifs(await portsOfNode(database, node));
  const attached = all.find((each) => each.vif === vif);
  if (attached === undefined)
    throw new IronpxeError(
      'VIF_NOT_ATTACHED',
      `Unable to detach VIF ${vif} from node ${node.uuid} because it is not attached to it.`,
    );
  await neutron.changePort(vif, UNBOUND, signal);
  // Else the next VIF in its network could not take the MAC of the machine.
  await neutron.changePort(vif, { mac_address: null }, signal);
  await rememberVif(database, attached.socket, undefined);
}

/** Binds the VIFs of a node to its machine. @throws IronpxeError VIF_MISSING, VIF_UNKNOWN, OPENSTACK_* */
export async function bindVifs(
  { database, neutron, signal }: NeutronSite,
  node: Node,
  more: object,
): Promise<void> {
  const all = await portsOfNode(database, node);
  const attached = attachedVifs(all);
  if (attached.length === 0)
    throw new IronpxeError(
      'VIF_MISSING',
      `Node ${node.uuid} has the network interface "${node.interfaces['network']}" and no VIF.`,
    );
  for (const { vif, socket } of attached) {
    const fields = { ...binding(node, portsBehind(socket, all)), ...more };
    if (!(await neutron.changePort(vif, fields, signal))) throw unknownVif(vif);
  }
}

/** The machine is on none of its VIFs any more; they stay attached. @throws IronpxeError OPENSTACK_* */
export async function unbindVifs(
  { database, neutron, signal }: NeutronSite,
  node: Node,
): Promise<void> {
  for (const { vif } of attachedVifs(await portsOfNode(database, node)))
    await neutron.changePort(vif, UNBOUND, signal);
}

const UNBOUND = { 'binding:host_id': '', 'binding:profile': {} };

function portsBehind(socket: Socket, { ports }: NodePorts): readonly Port[] {
  if (socket.kind === 'port') return [socket.port];
  return ports.filter(({ portgroupUuid }) => portgroupUuid === socket.portgroup.uuid);
}

/** `undefined` takes it out: it is not stored. */
async function rememberVif(
  database: Database,
  socket: Socket,
  vif: string | undefined,
): Promise<void> {
  const change = (info: JsonObject): JsonObject => ({ ...info, [TENANT_VIF]: vif });
  if (socket.kind === 'port') {
    const { uuid, internalInfo } = socket.port;
    await updatePort(database, uuid, { internalInfo: change(internalInfo) });
  } else {
    const { uuid, internalInfo } = socket.portgroup;
    await updateRecord(database, PORTGROUPS, uuid, { internalInfo: change(internalInfo) });
  }
}

function unknownVif(vif: string): IronpxeError {
  return new IronpxeError('VIF_UNKNOWN', `Neutron has no port ${vif}.`);
}
