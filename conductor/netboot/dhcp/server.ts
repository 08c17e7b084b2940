import type { NetbootFacts } from '../facts.ts';
import type { DhcpOptions } from './config.ts';
import { BOOT_SERVER_LISTEN_PORT } from './proxy.ts';
import { DhcpSession, type DhcpCounters, type DhcpExtras } from './session.ts';
import { bindShared, closeSocket, openDhcpSockets } from './socket.ts';

export type { DhcpExtras };

/** A running DHCP server. */
export type DhcpServer = AsyncDisposable & {
  readonly listenPort: number;
  readonly counters: DhcpCounters;
};

/**
 * Starts the DHCP server, or the proxyDHCP server.
 * @throws IronpxeError NETBOOT_SUBNET_INVALID, NETBOOT_LISTEN_IN_USE, NETBOOT_LISTEN_REFUSED
 */
export async function startDhcp(
  options: DhcpOptions,
  facts: NetbootFacts,
  extras: DhcpExtras = {},
): Promise<DhcpServer> {
  const { listenAddress, serverAddress, listenPort = 67, mode } = options;
  await using open = new AsyncDisposableStack();
  // A datagram may come in while the second socket is still being opened: it is dropped.
  let session: DhcpSession | undefined;
  const wish = { listenAddress, serverAddress, listenPort };
  const sockets = open.adopt(
    await openDhcpSockets(wish, (bytes) => session?.take(bytes)),
    (opened) => opened.close(),
  );
  if (mode === 'proxy')
    open.adopt(
      await bindShared(serverAddress, BOOT_SERVER_LISTEN_PORT, (bytes, sendBack) =>
        session?.take(bytes, sendBack),
      ),
      closeSocket,
    );
  const running = new DhcpSession(options, sockets, facts, extras);
  session = running;
  if (options.foreignSearchSeconds) open.use(running.watchForeign(options.foreignSearchSeconds));
  const resources = open.move();
  return {
    listenPort: sockets.listenPort,
    counters: running.counters,
    [Symbol.asyncDispose]: async () => {
      await resources.disposeAsync();
      await running.idle();
    },
  };
}
