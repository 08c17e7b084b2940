import dgram from 'node:dgram';
import type { Ipv4 } from '../../values/ipv4.ts';
import { listenError } from '../listen.ts';

/** Sends a datagram back to where one came from, from the socket that it came to. */
export type SendBack = (bytes: Buffer, onError: (error: Error) => void) => void;

/** A datagram, as it came in. */
export type OnDatagram = (bytes: Buffer, sendBack: SendBack) => void;

/** The sockets of a DHCP server. */
export type DhcpSockets = {
  readonly listenPort: number;
  /** Sends from the server's address and port; a failure is reported, never thrown. */
  send(bytes: Buffer, address: Ipv4, listenPort: number, onError: (error: Error) => void): void;
  close(): Promise<void>;
};

/**
 * Opens two sockets on one port. The first has the wildcard address, as Linux delivers broadcasts
 * to no other. The second has the server's own address: what is broadcast from it leaves by that
 * address's interface, whatever the routing table says (Node cannot bind to a device), and what is
 * sent straight to the server arrives there.
 * @throws IronpxeError NETBOOT_LISTEN_IN_USE, NETBOOT_LISTEN_REFUSED
 */
export async function openDhcpSockets(
  wish: { listenAddress: Ipv4; serverAddress: Ipv4; listenPort: number },
  onDatagram: OnDatagram,
): Promise<DhcpSockets> {
  const { listenAddress, serverAddress } = wish;
  const listenPort = await probe(listenAddress, wish.listenPort);
  const wide = await bindShared(listenAddress, listenPort, onDatagram);
  const own =
    listenAddress === serverAddress
      ? wide
      : await bindShared(serverAddress, listenPort, onDatagram).catch(async (error: unknown) => {
          await closeSocket(wide);
          throw error;
        });
  return {
    listenPort,
    send: (bytes, address, toPort, onError) =>
      own.send(bytes, toPort, address, (error) => (error === null ? undefined : onError(error))),
    close: async () => {
      await closeSocket(wide);
      if (own !== wide) await closeSocket(own);
    },
  };
}

/** Binds without sharing once: with a shared port a second DHCP server would go unnoticed. */
async function probe(address: Ipv4, listenPort: number): Promise<number> {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: false });
  try {
    await bind(socket, address, listenPort);
    return socket.address().port;
  } finally {
    await closeSocket(socket);
  }
}

/**
 * Opens one socket beside others on the same address and port.
 * @throws IronpxeError NETBOOT_LISTEN_IN_USE, NETBOOT_LISTEN_REFUSED
 */
export async function bindShared(
  address: Ipv4,
  listenPort: number,
  onDatagram: OnDatagram,
): Promise<dgram.Socket> {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true, recvBufferSize: 1 << 20 });
  await bind(socket, address, listenPort);
  socket.setBroadcast(true);
  socket.on('message', (bytes, source) =>
    onDatagram(bytes, (reply, onError) =>
      socket.send(reply, source.port, source.address, (error) => error && onError(error)),
    ),
  );
  // An ICMP error for an earlier reply surfaces here; the server goes on.
  socket.on('error', () => {});
  return socket;
}

async function bind(socket: dgram.Socket, address: Ipv4, listenPort: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('error', reject);
  socket.bind({ address, port: listenPort, exclusive: true }, resolve);
  try {
    await promise;
    socket.off('error', reject);
  } catch (error) {
    await closeSocket(socket);
    throw await listenError({ service: 'DHCP', protocol: 'udp', address, listenPort }, error);
  }
}

/** Closes a socket, which may be closed already. */
export async function closeSocket(socket: dgram.Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  try {
    socket.close(resolve);
  } catch {
    resolve();
  }
  await promise;
}
