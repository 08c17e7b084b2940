import type { NewEvent } from '../../events/kinds.ts';
import { contains, type Ipv4 } from '../../values/ipv4.ts';
import type { Mac } from '../../values/mac.ts';
import { isLive, type Lease } from '../facts.ts';
import { OPTION, type MessageType } from './codes.ts';
import { inRange } from './config.ts';
import { dhcpEvent, exhausted, unknownMachine } from './events.ts';
import { readIpv4 } from './options.ts';
import { ANY, type DhcpPacket } from './packet.ts';
import { informReply, leaseReply, nakReply, type DhcpReply } from './reply.ts';
import type { DhcpSnapshot } from './snapshot.ts';

/** What to do about one request: write leases first, then send, then tell the timeline. */
export type DhcpDecision = {
  readonly leases: readonly Lease[];
  readonly reply: DhcpReply | undefined;
  readonly events: readonly NewEvent[];
};

const NOTHING: DhcpDecision = { leases: [], reply: undefined, events: [] };
const IGNORED: Decider = () => NOTHING;

type Decider = (packet: DhcpPacket, snapshot: DhcpSnapshot) => DhcpDecision;

/** Decides about one client message (RFC 2131 §4.3), without I/O. */
export function decide(packet: DhcpPacket, snapshot: DhcpSnapshot): DhcpDecision {
  if (packet.op !== 'request') return NOTHING;
  const unknown = snapshot.host === undefined;
  if (unknown && snapshot.config.unknownMachines === 'ignore')
    return { ...NOTHING, events: unknownMachine(packet, snapshot) };
  return DECIDERS[packet.type](packet, snapshot);
}

/** The address that a client asks for (option 50) or says to have (ciaddr). */
export function wantedAddress(packet: DhcpPacket): Ipv4 | undefined {
  const requested = readIpv4(packet.options.get(OPTION.requestedAddress));
  return requested ?? (packet.ciaddr === ANY ? undefined : packet.ciaddr);
}

/**
 * The address to offer without looking for a free one, RFC 2131 §4.3.1: the machine's own, now or
 * formerly; then the one it asks for, if nobody has it.
 */
export function knownAddress(packet: DhcpPacket, snapshot: DhcpSnapshot): Ipv4 | undefined {
  const { lease, holder, subnet, nowMs } = snapshot;
  if (lease !== undefined && inRange(subnet, lease.address)) return lease.address;
  const wanted = wantedAddress(packet);
  if (wanted === undefined || !inRange(subnet, wanted)) return undefined;
  return holder === undefined || !isLive(holder, nowMs) ? wanted : undefined;
}

function decideDiscover(packet: DhcpPacket, snapshot: DhcpSnapshot): DhcpDecision {
  const { config, lease, nowMs } = snapshot;
  const seen = dhcpEvent('dhcp.discover', packet, snapshot, 'DISCOVER');
  const address = knownAddress(packet, snapshot) ?? snapshot.candidate;
  if (address === undefined) return { ...NOTHING, events: [seen, exhausted(packet, snapshot)] };
  const { reply, boot } = leaseReply('offer', packet, address, snapshot);
  const expiresAtMs = nowMs + config.offerSeconds * 1000;
  // A lease that outlives the offer keeps its row: an OFFER must not shorten it.
  const kept = lease?.address === address && isLive(lease, expiresAtMs);
  const offered = leaseOf(packet.mac, address, snapshot, 'offered', expiresAtMs);
  const offer = dhcpEvent('dhcp.offer', packet, snapshot, `Offered ${address}`, { address, boot });
  return { leases: kept ? [] : [offered], reply, events: [seen, offer] };
}

function decideRequest(packet: DhcpPacket, snapshot: DhcpSnapshot): DhcpDecision {
  const { config, subnet, lease, holder, nowMs } = snapshot;
  const serverId = packet.options.get(OPTION.serverId);
  if (serverId !== undefined && readIpv4(serverId) !== config.serverAddress)
    return choseAnother(packet, snapshot);
  const wanted = wantedAddress(packet);
  if (wanted === undefined) return NOTHING;
  if (!contains(subnet.cidr, wanted))
    return nak(packet, snapshot, `${wanted} is of another network`);
  // With our name on it, it answers an OFFER. A restart forgets offers, and boot ROMs that get a NAK for
  // one give up, so what is still free is theirs.
  const mayHave = lease?.address === wanted || serverId !== undefined;
  if (mayHave && knownAddress(packet, snapshot) === wanted) return ack(packet, snapshot, wanted);
  if (lease !== undefined || serverId !== undefined)
    return nak(packet, snapshot, `${wanted} was not offered to this machine`);
  if (holder !== undefined && isLive(holder, nowMs))
    return nak(packet, snapshot, `${wanted} belongs to another machine`);
  // RFC 2131 §4.3.2: a server without a record of the client stays silent.
  return NOTHING;
}

function ack(packet: DhcpPacket, snapshot: DhcpSnapshot, address: Ipv4): DhcpDecision {
  const { reply, boot } = leaseReply('ack', packet, address, snapshot);
  const expiresAtMs = snapshot.nowMs + snapshot.subnet.leaseSeconds * 1000;
  const bound = leaseOf(packet.mac, address, snapshot, 'bound', expiresAtMs);
  const told = dhcpEvent('dhcp.ack', packet, snapshot, `Leased ${address}`, { address, boot });
  return { leases: [bound], reply, events: [told] };
}

function nak(packet: DhcpPacket, snapshot: DhcpSnapshot, why: string): DhcpDecision {
  const told = dhcpEvent('dhcp.nak', packet, snapshot, `Refused: ${why}`);
  return { leases: [], reply: nakReply(packet, snapshot, why), events: [told] };
}

/** The client took another server's offer: ours is free again. */
function choseAnother(packet: DhcpPacket, snapshot: DhcpSnapshot): DhcpDecision {
  const { lease } = snapshot;
  const server = readIpv4(packet.options.get(OPTION.serverId)) ?? ANY;
  const why = `Took the offer of another DHCP server, ${server}`;
  const events = [dhcpEvent('dhcp.foreign', packet, snapshot, why, { server })];
  if (lease?.state !== 'offered') return { ...NOTHING, events };
  return { ...NOTHING, leases: [{ ...lease, state: 'released' }], events };
}

function decideDecline(packet: DhcpPacket, snapshot: DhcpSnapshot): DhcpDecision {
  const address = readIpv4(packet.options.get(OPTION.requestedAddress));
  if (address === undefined || snapshot.lease?.address !== address) return NOTHING;
  const expiresAtMs = snapshot.nowMs + snapshot.config.declineSeconds * 1000;
  const aside = leaseOf(packet.mac, address, snapshot, 'declined', expiresAtMs);
  const why = `${address} is in use by another machine; put aside`;
  const told = dhcpEvent('dhcp.decline', packet, snapshot, why, { address });
  return { leases: [aside], reply: undefined, events: [told] };
}

function decideRelease(packet: DhcpPacket, snapshot: DhcpSnapshot): DhcpDecision {
  const { lease, nowMs } = snapshot;
  if (lease === undefined || lease.address !== packet.ciaddr) return NOTHING;
  // The row stays: the machine gets this address again while nobody else needs it.
  const released: Lease = { ...lease, state: 'released', expiresAtMs: nowMs };
  const { address } = lease;
  const told = dhcpEvent('dhcp.release', packet, snapshot, `Released ${address}`, { address });
  return { leases: [released], reply: undefined, events: [told] };
}

function decideInform(packet: DhcpPacket, snapshot: DhcpSnapshot): DhcpDecision {
  if (packet.ciaddr === ANY || !contains(snapshot.subnet.cidr, packet.ciaddr)) return NOTHING;
  const { reply, boot } = informReply(packet, snapshot);
  const address = packet.ciaddr;
  const told = dhcpEvent('dhcp.inform', packet, snapshot, 'INFORM', { address, boot });
  return { leases: [], reply, events: [told] };
}

function leaseOf(
  mac: Mac,
  address: Ipv4,
  { subnet }: DhcpSnapshot,
  state: Lease['state'],
  expiresAtMs: number,
): Lease {
  return { address, mac, subnet: subnet.name, state, expiresAtMs };
}

/** By message type; what only servers send is ignored. */
const DECIDERS: Readonly<Record<MessageType, Decider>> = {
  discover: decideDiscover,
  request: decideRequest,
  decline: decideDecline,
  release: decideRelease,
  inform: decideInform,
  offer: IGNORED,
  ack: IGNORED,
  nak: IGNORED,
};
