import type { EventKind, NewEvent } from '../../events/kinds.ts';
import type { Ipv4 } from '../../values/ipv4.ts';
import type { BootAnswer } from './boot.ts';
import { clientOf } from './client.ts';
import { ANY, type DhcpPacket } from './packet.ts';
import type { DhcpSnapshot } from './snapshot.ts';

/** The entry for a DISCOVER that no address is left for. */
export function exhausted(packet: DhcpPacket, snapshot: DhcpSnapshot): NewEvent {
  const message = `No address is free in ${snapshot.subnet.name}; widen its range`;
  return dhcpEvent('dhcp.nak', packet, snapshot, message, { exhausted: true });
}

/** An entry about `packet`; `boot` adds which boot file was named, or why none was. */
export function dhcpEvent(
  kind: EventKind,
  packet: DhcpPacket,
  snapshot: DhcpSnapshot,
  message: string,
  more: { address?: Ipv4; boot?: BootAnswer; exhausted?: true } = {},
): NewEvent {
  const { boot, ...rest } = more;
  const { architecture, vendorClass, ipxe } = clientOf(packet);
  return {
    kind,
    message: `${message}${boot?.file === undefined ? '' : `, boot file ${boot.file}`} (${packet.mac})`,
    nodeUuid: snapshot.host?.nodeUuid,
    data: {
      mac: packet.mac,
      subnet: snapshot.subnet.name,
      ...(packet.giaddr !== ANY && { relay: packet.giaddr }),
      ...(vendorClass !== undefined && { vendorClass, architecture, ipxe }),
      ...(boot !== undefined && bootData(boot)),
      ...rest,
    },
  };
}

function bootData(boot: BootAnswer): Record<string, string> {
  return boot.file === undefined ? { noBootFile: boot.why } : { bootFile: boot.file };
}
