import { ipv4FromNumber, type Ipv4 } from '../../values/ipv4.ts';
import { bootAnswer, bootFields, bootOptions, type BootAnswer } from './boot.ts';
import { clientOf } from './client.ts';
import { OPTION } from './codes.ts';
import type { Subnet } from './config.ts';
import { ipv4Bytes, textBytes, uint32Bytes } from './options.ts';
import { ANY, BROADCAST_FLAG, type DhcpPacket } from './packet.ts';
import type { DhcpSnapshot } from './snapshot.ts';

/** A message to send, and where to. */
export type DhcpReply = {
  readonly packet: DhcpPacket;
  readonly toAddress: Ipv4;
  /** Relays listen where servers do, clients on a port of their own. */
  readonly toPort: 'server' | 'client';
};

const EVERYONE = ipv4FromNumber(0xffffffff);

/** Options of a request that its reply repeats: RFC 6842, RFC 3046 §2.2, RFC 4578 §2.3. */
const ECHOED = [OPTION.clientId, OPTION.machineUuid, OPTION.relayAgent];

/** An OFFER, or an ACK of a lease. `boot` tells which boot file was named in it. */
export function leaseReply(
  type: 'offer' | 'ack',
  request: DhcpPacket,
  address: Ipv4,
  snapshot: DhcpSnapshot,
): { reply: DhcpReply; boot: BootAnswer } {
  const { leaseSeconds } = snapshot.subnet;
  const { packet, boot } = configured(type, request, snapshot, [
    [OPTION.leaseSeconds, uint32Bytes(leaseSeconds)],
    // RFC 2131 §4.4.5: T1 at half, T2 at seven eighths of the lease.
    [OPTION.renewalSeconds, uint32Bytes(Math.floor(leaseSeconds / 2))],
    [OPTION.rebindingSeconds, uint32Bytes(Math.floor((leaseSeconds * 7) / 8))],
  ]);
  const ciaddr = type === 'ack' ? request.ciaddr : ANY;
  return { reply: addressed({ ...packet, yiaddr: address, ciaddr }, request), boot };
}

/** The ACK of an INFORM: options only, always to the client's own address (RFC 2131 §4.3.5). */
export function informReply(
  request: DhcpPacket,
  snapshot: DhcpSnapshot,
): { reply: DhcpReply; boot: BootAnswer } {
  const { packet, boot } = configured('ack', request, snapshot, []);
  const reply = { ...packet, ciaddr: request.ciaddr };
  return { reply: { packet: reply, toAddress: request.ciaddr, toPort: 'client' }, boot };
}

/** A reply that names a boot file and gives no address: a proxyDHCP server's (PXE 2.1 §2.2.3). */
export function bootReply(
  type: 'offer' | 'ack',
  request: DhcpPacket,
  snapshot: DhcpSnapshot,
): { reply: DhcpReply; boot: BootAnswer } {
  const client = clientOf(request);
  const boot = bootAnswer(client, snapshot);
  const options = new Map([...identity(request, snapshot), ...bootOptions(boot, client)]);
  const packet = { ...blank(type, request), ...bootFields(boot), options };
  return { reply: addressed(packet, request), boot };
}

/** A NAK. It goes to everyone, through a relay with the broadcast flag set (RFC 2131 §4.3.2). */
export function nakReply(request: DhcpPacket, snapshot: DhcpSnapshot, why: string): DhcpReply {
  const relayed = request.giaddr !== ANY;
  const packet = {
    ...blank('nak', request),
    flags: relayed ? request.flags | BROADCAST_FLAG : request.flags,
    options: new Map([...identity(request, snapshot), [OPTION.message, textBytes(why)]]),
  };
  const toAddress = relayed ? request.giaddr : EVERYONE;
  return { packet, toAddress, toPort: relayed ? 'server' : 'client' };
}

/**
 * RFC 2131 §4.1: to the relay, to the client's working address, or to everyone. Without the
 * broadcast flag a server may unicast to the new address, but the client does not answer ARP for it
 * yet, and a plain socket cannot write the ARP table: so this is a broadcast as well.
 */
function addressed(packet: DhcpPacket, request: DhcpPacket): DhcpReply {
  if (request.giaddr !== ANY) return { packet, toAddress: request.giaddr, toPort: 'server' };
  // Only to an address that is the client's: a forged ciaddr must not aim replies at others.
  const isOwn = request.ciaddr !== ANY && request.ciaddr === packet.yiaddr;
  const toAddress = isOwn ? request.ciaddr : EVERYONE;
  return { packet, toAddress, toPort: 'client' };
}

function configured(
  type: 'offer' | 'ack',
  request: DhcpPacket,
  snapshot: DhcpSnapshot,
  timing: readonly (readonly [number, Uint8Array])[],
): { packet: DhcpPacket; boot: BootAnswer } {
  const client = clientOf(request);
  const boot = bootAnswer(client, snapshot);
  const options = new Map([
    ...identity(request, snapshot),
    ...timing,
    ...networkOptions(snapshot.subnet, snapshot.host?.hostname),
    ...bootOptions(boot, client),
  ]);
  const packet = { ...blank(type, request), ...bootFields(boot), options };
  return { packet, boot };
}

function networkOptions(subnet: Subnet, hostname: string | undefined): [number, Uint8Array][] {
  const options: [number, Uint8Array][] = [
    [OPTION.netmask, ipv4Bytes(subnet.netmask)],
    [OPTION.broadcast, ipv4Bytes(subnet.broadcast)],
  ];
  if (subnet.gateway !== undefined) options.push([OPTION.router, ipv4Bytes(subnet.gateway)]);
  if (subnet.dns.length > 0) options.push([OPTION.dns, ipv4Bytes(...subnet.dns)]);
  if (subnet.domain !== undefined) options.push([OPTION.domain, textBytes(subnet.domain)]);
  if (hostname !== undefined && /^[A-Za-z0-9.-]{1,253}$/.test(hostname))
    options.push([OPTION.hostname, textBytes(hostname)]);
  return options;
}

function identity(request: DhcpPacket, snapshot: DhcpSnapshot): [number, Uint8Array][] {
  const echoed = ECHOED.flatMap((code): [number, Uint8Array][] => {
    const value = request.options.get(code);
    // One that came in several pieces (RFC 3396) does not fit into one option again.
    return value === undefined || value.length > 255 ? [] : [[code, value]];
  });
  return [[OPTION.serverId, ipv4Bytes(snapshot.config.serverAddress)], ...echoed];
}

function blank(type: 'offer' | 'ack' | 'nak', request: DhcpPacket): DhcpPacket {
  const { xid, flags, giaddr, mac } = request;
  return {
    op: 'reply',
    type,
    hops: 0,
    secs: 0,
    xid,
    flags,
    giaddr,
    mac,
    ciaddr: ANY,
    yiaddr: ANY,
    siaddr: ANY,
    file: '',
    options: new Map(),
  };
}
