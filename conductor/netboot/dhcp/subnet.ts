import { contains, type Ipv4 } from '../../values/ipv4.ts';
import { OPTION } from './codes.ts';
import type { DhcpConfig, Subnet } from './config.ts';
import { readIpv4, readOptions } from './options.ts';
import { ANY, type DhcpPacket } from './packet.ts';

/** Sub-option of the relay's option 82 that names the client's network, RFC 3527. */
const LINK_SELECTION = 5;

/**
 * The subnet that a request came from: the one that the relay selects, or its own (giaddr), else the
 * client's own address's (a renewal from behind a router comes straight), else the one that the server
 * has an address in.
 */
export function subnetOf(packet: DhcpPacket, config: DhcpConfig): Subnet | undefined {
  const holding = (address: Ipv4): Subnet | undefined =>
    config.subnets.find(({ cidr }) => contains(cidr, address));
  if (packet.giaddr !== ANY) return holding(selectedLink(packet) ?? packet.giaddr);
  const own = packet.ciaddr === ANY ? undefined : holding(packet.ciaddr);
  return own ?? holding(config.serverAddress);
}

/** Relays of EVPN fabrics have one address for all of their networks and name the client's so. */
function selectedLink({ options }: DhcpPacket): Ipv4 | undefined {
  const value = options.get(OPTION.relayAgent);
  return value && readIpv4(readOptions(value)?.get(LINK_SELECTION));
}
