import type { NewEvent } from '../../events/kinds.ts';
import { contains } from '../../values/ipv4.ts';
import type { Lease } from '../facts.ts';
import { clientOf, isNetbootClient } from './client.ts';
import { wantedAddress, type DhcpDecision } from './decide.ts';
import { dhcpEvent, unknownMachine } from './events.ts';
import type { DhcpPacket } from './packet.ts';
import { bootReply } from './reply.ts';
import type { DhcpSnapshot } from './snapshot.ts';

/** For how long an address that was seen being taken is believed; its row stands beyond that. */
const SEEN_FOR_MS = 24 * 3600 * 1000;

/** Where PXE clients ask a boot server (PXE 2.1 §2.2.3). */
export const BOOT_SERVER_LISTEN_PORT = 4011;

/**
 * Decides about one client message beside another DHCP server: boot files are named, addresses are
 * never given (PXE 2.1 §2.2.3). `at` tells which listening port the message came to. Without I/O.
 */
export function decideProxy(
  packet: DhcpPacket,
  snapshot: DhcpSnapshot,
  at: 'server' | 'bootServer',
): DhcpDecision {
  if (packet.op !== 'request') return nothing();
  if (at === 'bootServer') return decideBootServer(packet, snapshot);
  if (packet.type === 'discover') return decideDiscover(packet, snapshot);
  return packet.type === 'request' ? { ...nothing(), leases: taken(packet, snapshot) } : nothing();
}

function decideDiscover(packet: DhcpPacket, snapshot: DhcpSnapshot): DhcpDecision {
  if (snapshot.host === undefined) return nothing(unknownMachine(packet, snapshot));
  if (!isNetbootClient(clientOf(packet))) return nothing();
  const { reply, boot } = bootReply('offer', packet, snapshot);
  const seen = dhcpEvent('dhcp.discover', packet, snapshot, 'DISCOVER', { boot });
  if (boot.file === undefined) return nothing([seen]);
  const offer = dhcpEvent('dhcp.offer', packet, snapshot, 'Offered no address', { boot });
  return { leases: [], reply, events: [seen, offer] };
}

/** Firmware that does not take the boot file of the offer asks for it once it has its address. */
function decideBootServer(packet: DhcpPacket, snapshot: DhcpSnapshot): DhcpDecision {
  const asks = packet.type === 'request' || packet.type === 'inform';
  if (!asks || snapshot.host === undefined) return nothing();
  const { reply, boot } = bootReply('ack', packet, snapshot);
  if (boot.file === undefined) return nothing();
  const told = dhcpEvent('dhcp.ack', packet, snapshot, 'Asked as boot server', { boot });
  return { leases: [], reply, events: [told] };
}

/**
 * The address that a machine takes from the other server, as its broadcast REQUEST tells: so the
 * files of a node still go to its own address alone. A stranger's is kept only where it takes over
 * an address of ours, so that nobody can fill the lease book.
 */
function taken(packet: DhcpPacket, { subnet, host, holder, nowMs }: DhcpSnapshot): Lease[] {
  const address = wantedAddress(packet);
  if (address === undefined || !contains(subnet.cidr, address)) return [];
  if (host === undefined && (holder === undefined || holder.mac === packet.mac)) return [];
  const { mac } = packet;
  const expiresAtMs = nowMs + SEEN_FOR_MS;
  return [{ address, mac, subnet: subnet.name, state: 'bound', expiresAtMs }];
}

function nothing(events: readonly NewEvent[] = []): DhcpDecision {
  return { leases: [], reply: undefined, events };
}
