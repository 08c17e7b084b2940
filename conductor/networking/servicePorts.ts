import { IronpxeError } from '../errors/error.ts';
import type { Neutron } from '../openstack/neutron.ts';
import type { Database } from '../store/database.ts';
import { listPorts } from '../store/ports.ts';
import type { Node } from '../store/types.ts';
import { binding } from './binding.ts';
import type { ExtraDhcpOption } from './dhcpOptions.ts';

/** Where networks are changed, for as long as `signal` lets. */
export type NeutronSite = {
  readonly database: Database;
  readonly neutron: Neutron;
  readonly signal: AbortSignal;
};

/** Where ports are made, and what their DHCP options are. */
export type ServicePlan = {
  /** A network of the operator, by id or name. */
  readonly network: string;
  readonly extra_dhcp_opts: readonly ExtraDhcpOption[];
};

/** How our ports are known in Neutron, so that nothing has to be remembered here (Ironic's word). */
const OWNER = 'baremetal:none';

/**
 * Makes a port of Neutron for each NIC that boots from the network.
 * @throws IronpxeError NETWORK_NOT_CONFIGURED, OPENSTACK_*
 */
export async function plugServicePorts(
  { database, neutron, signal }: NeutronSite,
  node: Node,
  { network, extra_dhcp_opts }: ServicePlan,
): Promise<void> {
  const network_id = await idOf(neutron, network, signal);
  const ports = await listPorts(database, { nodeUuid: node.uuid });
  for (const port of ports.filter(({ pxeEnabled }) => pxeEnabled))
    await neutron.createPort(
      {
        ...binding(node, [port]),
        extra_dhcp_opts: extra_dhcp_opts.filter((option) => option.opt_value !== null),
        network_id,
        mac_address: port.address,
        admin_state_up: true,
        device_owner: OWNER,
        device_id: node.uuid,
      },
      signal,
    );
}

/** Removes them again, also those that a killed conductor had just made. @throws IronpxeError OPENSTACK_* */
export async function unplugServicePorts(
  { neutron, signal }: NeutronSite,
  node: Pick<Node, 'uuid'>,
): Promise<void> {
  const ours = { device_id: node.uuid, device_owner: OWNER };
  for (const { id } of await neutron.ports(ours, signal)) await neutron.removePort(id, signal);
}

async function idOf(neutron: Neutron, network: string, signal: AbortSignal): Promise<string> {
  const id = await neutron.networkId(network, signal);
  if (id !== undefined) return id;
  throw new IronpxeError(
    'NETWORK_NOT_CONFIGURED',
    `Neutron has no network "${network}", or several of that name.`,
  );
}
