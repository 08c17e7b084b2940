import { contains, type Ipv4 } from '../../values/ipv4.ts';
import type { DhcpConfig, Subnet } from './config.ts';
import { ANY, type DhcpPacket } from './packet.ts';

/**
 * The subnet that a request came from: the relay's (giaddr), else the client's own address's (a
 * renewal from behind a router comes straight), else the one that the server has an address in.
 */
export function subnetOf(packet: DhcpPacket, config: DhcpConfig): Subnet | undefined {
  const holding = (address: Ipv4): Subnet | undefined =>
    config.subnets.find(({ cidr }) => contains(cidr, address));
  if (packet.giaddr !== ANY) return holding(packet.giaddr);
  const own = packet.ciaddr === ANY ? undefined : holding(packet.ciaddr);
  return own ?? holding(config.serverAddress);
}
