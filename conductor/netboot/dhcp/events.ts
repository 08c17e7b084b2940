import type { EventKind, NewEvent } from '../../events/kinds.ts';
import type { Ipv4 } from '../../values/ipv4.ts';
import { loaderOf, type BootAnswer } from './boot.ts';
import { clientOf, isNetbootClient, type DhcpClient } from './client.ts';
import { ANY, type DhcpPacket } from './packet.ts';
import type { DhcpSnapshot } from './snapshot.ts';

/** The entry for a DISCOVER that no address is left for. */
export function exhausted(packet: DhcpPacket, snapshot: DhcpSnapshot): NewEvent {
  const message = `No address is free in ${snapshot.subnet.name}; widen its range`;
  return dhcpEvent('dhcp.nak', packet, snapshot, message, { exhausted: true });
}

/**
 * The entry for a machine that wants to boot and is not answered: it may be a node whose port has
 * another MAC. None for other messages.
 */
export function unknownMachine(packet: DhcpPacket, snapshot: DhcpSnapshot): readonly NewEvent[] {
  if (packet.type !== 'discover' || !isNetbootClient(clientOf(packet))) return [];
  const message = 'DISCOVER unanswered: no node has a port with this MAC that may boot';
  return [dhcpEvent('dhcp.unknown', packet, snapshot, message)];
}

/** The entry for a DISCOVER from a network that is not configured. */
export function homeless(packet: DhcpPacket, nodeUuid: string | undefined): NewEvent {
  const { mac, giaddr: relay } = packet;
  const message = `DISCOVER unanswered: no subnet is configured for the relay ${relay} (${mac})`;
  return { kind: 'dhcp.discover', message, nodeUuid, data: { mac, relay, ...kindOf(packet) } };
}

/** What the sender says of itself. */
function kindOf(packet: DhcpPacket): Readonly<Record<string, unknown>> {
  const { architecture, vendorClass, ipxe } = clientOf(packet);
  return {
    ...(vendorClass !== undefined && { vendorClass, ipxe }),
    ...(architecture !== undefined && { architecture }),
  };
}

/** An entry about `packet`; `boot` adds which boot file was named, or why none was. */
export function dhcpEvent(
  kind: EventKind,
  packet: DhcpPacket,
  snapshot: DhcpSnapshot,
  message: string,
  more: { address?: Ipv4; server?: Ipv4; boot?: BootAnswer; exhausted?: true } = {},
): NewEvent {
  const { boot, ...rest } = more;
  const client = clientOf(packet);
  const named = boot?.file === undefined ? '' : `, boot file ${boot.file}`;
  return {
    kind,
    message: `${message}${named}${otherFirmware(client, snapshot)} (${packet.mac})`,
    nodeUuid: snapshot.host?.nodeUuid,
    data: {
      mac: packet.mac,
      subnet: snapshot.subnet.name,
      ...(packet.giaddr !== ANY && { relay: packet.giaddr }),
      ...kindOf(packet),
      ...(boot !== undefined && bootData(boot)),
      ...rest,
    },
  };
}

/** Tells of firmware that is not what the node is said to have: its deploy may not boot then. */
function otherFirmware(client: DhcpClient, { host }: DhcpSnapshot): string {
  const loader = host && isNetbootClient(client) ? loaderOf(client, host) : undefined;
  if (loader === undefined || host?.bootMode === undefined) return '';
  if (loader.bootMode === host.bootMode) return '';
  return `; the firmware is ${loader.firmware}, the node's capabilities say boot_mode:${host.bootMode}`;
}

function bootData(boot: BootAnswer): Record<string, string> {
  return boot.file === undefined ? { noBootFile: boot.why } : { bootFile: boot.file };
}
