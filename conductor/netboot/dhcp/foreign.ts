import { randomBytes } from 'node:crypto';
import type dgram from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ipv4 } from '../../values/ipv4.ts';
import { macFromBytes, type Mac } from '../../values/mac.ts';
import { OPTION } from './codes.ts';
import { readIpv4, textBytes } from './options.ts';
import { ANY, BROADCAST_FLAG, decodePacket, encodePacket } from './packet.ts';
import { bindShared, closeSocket } from './socket.ts';

/** How a search for other DHCP servers is made. */
export type ForeignSearch = {
  /** The DISCOVER leaves by the interface of this address; its server is no foreign one. */
  readonly serverAddress: Ipv4;
  /** Whom the DISCOVER names; see {@link searchMac}. */
  readonly mac: Mac;
  /** Where servers listen (67) and clients (68). */
  readonly listenPort: number;
  readonly clientPort: number;
  /** How long offers are waited for. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
};

/** An address that no machine has (locally administered), for the searches of one process. */
export function searchMac(): Mac {
  return macFromBytes(Buffer.concat([Buffer.of(0x02), randomBytes(5)]));
}

/**
 * Finds DHCP and proxyDHCP servers on the wire besides our own, by a DISCOVER as a machine sends it;
 * no address is taken. @throws IronpxeError NETBOOT_LISTEN_REFUSED when a DHCP client has the port
 */
export async function findForeignServers(search: ForeignSearch): Promise<readonly Ipv4[]> {
  const { serverAddress, clientPort, waitMs, signal } = search;
  const found = new Set<Ipv4>();
  const xid = randomBytes(4).readUInt32BE();
  const take = (bytes: Buffer): void => {
    const server = offeredBy(bytes, xid);
    if (server !== undefined && server !== serverAddress) found.add(server);
  };
  await using open = new AsyncDisposableStack();
  const bind = async (address: Ipv4): Promise<dgram.Socket> =>
    open.adopt(await bindShared(address, clientPort, take), closeSocket);
  // Broadcast offers arrive at the wildcard only; what is sent must leave by our own interface.
  await bind(ANY);
  const socket = await bind(serverAddress);
  socket.send(discover(search.mac, xid), search.listenPort, '255.255.255.255');
  await delay(waitMs, undefined, { signal });
  return [...found].toSorted();
}

function offeredBy(bytes: Buffer, xid: number): Ipv4 | undefined {
  const packet = decodePacket(bytes);
  if (typeof packet === 'string' || packet.type !== 'offer' || packet.xid !== xid) return undefined;
  return readIpv4(packet.options.get(OPTION.serverId));
}

/** As PXE firmware asks, so that proxyDHCP servers answer too (RFC 4578 §2). */
function discover(mac: Mac, xid: number): Buffer {
  return encodePacket({
    op: 'request',
    type: 'discover',
    hops: 0,
    secs: 0,
    xid,
    flags: BROADCAST_FLAG,
    ciaddr: ANY,
    yiaddr: ANY,
    siaddr: ANY,
    giaddr: ANY,
    mac,
    file: '',
    options: new Map([
      [OPTION.vendorClass, textBytes('PXEClient:Arch:00000:UNDI:002001')],
      [OPTION.clientArchitecture, Uint8Array.of(0, 0)],
      [OPTION.parameterList, Uint8Array.of(1, 3, 54, 60, 66, 67)],
    ]),
  });
}
