import { setTimeout as sleep } from 'node:timers/promises';
import { IronpxeError } from '../errors/error.ts';
import type { KnownHost } from '../netboot/facts.ts';
import type { Neutron } from '../openstack/neutron.ts';
import type { Database } from '../store/database.ts';
import type { Node } from '../store/types.ts';
import {
  attach,
  bindVifs,
  detach,
  portsOfNode,
  unbindVifs,
  type VifRequest,
} from './attachments.ts';
import { type BootServers, bootOptions } from './dhcpOptions.ts';
import { type NeutronSite, plugServicePorts, unplugServicePorts } from './servicePorts.ts';
import { attachedVifs } from './vifs.ts';

/** The network interfaces of nodes, the default first (Ironic's names). */
export const NETWORK_INTERFACES = ['noop', 'flat', 'neutron'] as const;

/** What a machine is about to boot for. */
export type Purpose = 'deploy' | 'service' | 'instance';

/** Where a machine stands while it boots for something: on its VIFs, or on ports of a network of ours. */
type Places = Readonly<Record<Purpose, 'vifs' | keyof Networks>>;
const PLACES: Readonly<Record<string, Places>> = {
  flat: { deploy: 'vifs', service: 'cleaningNetwork', instance: 'vifs' },
  neutron: { deploy: 'provisioningNetwork', service: 'cleaningNetwork', instance: 'vifs' },
};

/** Networks of Neutron that belong to the operator, by id or name. */
export type Networks = {
  readonly provisioningNetwork: string | undefined;
  readonly cleaningNetwork: string | undefined;
};

/**
 * The networks of machines. With the interface `noop` a machine stays where it is plugged in, and
 * nothing here does anything. All throw IronpxeError.
 */
export interface Networking {
  listVifs(node: Node): Promise<readonly string[]>;
  /** @throws VIF_ATTACHED, VIF_NO_FREE_PORT, VIF_UNKNOWN, OPENSTACK_* */
  attachVif(node: Node, request: VifRequest, signal: AbortSignal): Promise<void>;
  /** @throws VIF_NOT_ATTACHED, OPENSTACK_* */
  detachVif(node: Node, vif: string, signal: AbortSignal): Promise<void>;
  /** Puts a machine where it boots for `purpose`, and has Neutron's DHCP send it here; `false`: there was nothing to do. */
  enter(node: Node, purpose: Purpose, signal: AbortSignal): Promise<boolean>;
  /** Whether a machine that was deployed stands elsewhere than it shall boot its own system. */
  moves(node: Node): boolean;
  /** Takes it from where it was put; its VIFs stay attached to it. */
  leave(node: Node, signal: AbortSignal): Promise<boolean>;
  /** Whether the node can boot where it stands, before anything is begun. @throws NETWORK_* */
  check(node: Node): void;
}

export type NetworkingOptions = {
  readonly database: Database;
  /** Without it there is no interface but `noop`. */
  readonly neutron: Neutron | undefined;
  readonly networks: Networks;
  readonly servers: BootServers;
  /** How long Neutron's DHCP may take to learn new options. */
  readonly setupDelayMs: number;
  readonly hostOf: (node: Node) => Pick<KnownHost, 'ipxe' | 'ipxeDrivers' | 'bootMode'>;
};

/** Makes the networks of machines; nothing is asked before the first machine needs it. */
export function createNetworking(options: NetworkingOptions): Networking {
  const { database } = options;
  /** Does nothing for a node without networks of ours; tells whether it has some. */
  const where = async (
    node: Node,
    signal: AbortSignal,
    work: (site: NeutronSite, places: Places) => Promise<void>,
  ): Promise<boolean> => {
    const places = placesOf(node);
    if (places === undefined) return false;
    await work({ database, neutron: needNeutron(options, node), signal }, places);
    return true;
  };
  return {
    async listVifs(node) {
      if (placesOf(node) === undefined) return [];
      return attachedVifs(await portsOfNode(database, node)).map(({ vif }) => vif);
    },
    async attachVif(node, request, signal) {
      await where(node, signal, (site) => attach(site, node, request));
    },
    async detachVif(node, vif, signal) {
      await where(node, signal, (site) => detach(site, node, vif));
    },
    enter: (node, purpose, signal) =>
      where(node, signal, (site, places) => enter(options, site, node, places[purpose])),
    moves(node) {
      const places = placesOf(node);
      return places !== undefined && places.deploy !== places.instance;
    },
    leave: (node, signal) =>
      where(node, signal, async (site) => {
        await unplugServicePorts(site, node);
        await unbindVifs(site, node);
      }),
    check(node) {
      const places = placesOf(node);
      if (places === undefined) return;
      needNeutron(options, node);
      if (places.deploy !== 'vifs') needNetwork(options.networks, places.deploy, node);
    },
  };
}

async function enter(
  { hostOf, servers, networks, setupDelayMs }: NetworkingOptions,
  site: NeutronSite,
  node: Node,
  place: Places[Purpose],
): Promise<void> {
  await unplugServicePorts(site, node);
  const extra_dhcp_opts = bootOptions(hostOf(node), node.properties['cpu_arch'], servers);
  if (place === 'vifs') await bindVifs(site, node, { extra_dhcp_opts });
  else {
    const network = needNetwork(networks, place, node);
    await plugServicePorts(site, node, { network, extra_dhcp_opts });
  }
  await sleep(setupDelayMs, undefined, { signal: site.signal });
}

function placesOf({ interfaces }: Pick<Node, 'interfaces'>): Places | undefined {
  return PLACES[interfaces['network'] ?? NETWORK_INTERFACES[0]];
}

function needNeutron({ neutron }: Pick<NetworkingOptions, 'neutron'>, node: Node): Neutron {
  if (neutron !== undefined) return neutron;
  throw new IronpxeError(
    'NETWORK_NOT_CONFIGURED',
    `Node ${node.uuid} has the network interface "${node.interfaces['network']}", and keystone.auth_url is not set.`,
  );
}

function needNetwork(networks: Networks, which: keyof Networks, node: Node): string {
  const network = networks[which];
  if (network !== undefined) return network;
  const option = which === 'cleaningNetwork' ? 'cleaning_network' : 'provisioning_network';
  throw new IronpxeError(
    'NETWORK_NOT_CONFIGURED',
    `Node ${node.uuid} has the network interface "${node.interfaces['network']}", and neutron.${option} is not set.`,
  );
}
