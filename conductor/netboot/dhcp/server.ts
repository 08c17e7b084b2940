import type { NetbootFacts } from '../facts.ts';
import { dhcpConfig, type DhcpConfig, type DhcpOptions } from './config.ts';
import { decide } from './decide.ts';
import { lookUp } from './lookup.ts';
import { decodePacket, encodePacket, type DhcpFault, type DhcpPacket } from './packet.ts';
import type { DhcpReply } from './reply.ts';
import { openDhcpSockets, type DhcpSockets } from './socket.ts';
import { subnetOf } from './subnet.ts';

/** What came in and what became of it, counted since the start. */
export type DhcpCounters = {
  received: number;
  replied: number;
  /** Dropped because too many waited. */
  overrun: number;
  /** Requests from no configured subnet. */
  homeless: number;
  /** Lookups or sends that failed. */
  failed: number;
  /** Malformed datagrams, by fault. */
  readonly malformed: Partial<Record<DhcpFault, number>>;
};

/** A running DHCP server. */
export type DhcpServer = AsyncDisposable & {
  readonly listenPort: number;
  readonly counters: DhcpCounters;
};

/** What a DHCP server may be given besides its options. */
export type DhcpExtras = {
  readonly nowMs?: () => number;
  /** Told of failed lookups and sends; requests are served on. */
  readonly onError?: (error: unknown) => void;
};

/** Requests that may wait; a client whose request is dropped asks again by itself. */
const LONGEST_QUEUE = 1000;

/**
 * Starts the DHCP server.
 * @throws IronpxeError NETBOOT_SUBNET_INVALID, NETBOOT_LISTEN_IN_USE, NETBOOT_LISTEN_REFUSED
 */
export async function startDhcp(
  options: DhcpOptions,
  facts: NetbootFacts,
  extras: DhcpExtras = {},
): Promise<DhcpServer> {
  const session = new DhcpSession(dhcpConfig(options), facts, extras);
  const { listenAddress, serverAddress, listenPort = 67, clientPort = 68 } = options;
  // A datagram may come in while the second socket is still being opened: it is dropped.
  let open: DhcpSockets | undefined;
  const wish = { listenAddress, serverAddress, listenPort };
  const sockets = await openDhcpSockets(wish, (bytes) => {
    if (open !== undefined) session.take(bytes, open, clientPort);
  });
  open = sockets;
  return {
    listenPort: sockets.listenPort,
    counters: session.counters,
    [Symbol.asyncDispose]: async () => {
      await sockets.close();
      await session.idle();
    },
  };
}

/** Takes requests one after the other, so that no two are promised the same free address. */
class DhcpSession {
  readonly counters: DhcpCounters = {
    received: 0,
    replied: 0,
    overrun: 0,
    homeless: 0,
    failed: 0,
    malformed: {},
  };
  readonly #config: DhcpConfig;
  readonly #facts: NetbootFacts;
  readonly #extras: DhcpExtras;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(config: DhcpConfig, facts: NetbootFacts, extras: DhcpExtras) {
    this.#config = config;
    this.#facts = facts;
    this.#extras = extras;
  }

  take(bytes: Buffer, sockets: DhcpSockets, clientPort: number): void {
    this.counters.received++;
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') {
      this.counters.malformed[packet] = (this.counters.malformed[packet] ?? 0) + 1;
      return;
    }
    if (this.#waiting >= LONGEST_QUEUE) {
      this.counters.overrun++;
      return;
    }
    this.#waiting++;
    this.#tail = this.#tail
      .then(() => this.#answer(packet))
      .then((reply) => reply && this.#send(reply, sockets, clientPort))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#waiting--);
  }

  async idle(): Promise<void> {
    await this.#tail;
  }

  async #answer(packet: DhcpPacket): Promise<DhcpReply | undefined> {
    const subnet = subnetOf(packet, this.#config);
    if (subnet === undefined) return this.#homeless(packet);
    const nowMs = (this.#extras.nowMs ?? Date.now)();
    const snapshot = await lookUp(packet, subnet, this.#config, this.#facts, nowMs);
    const { leases, reply, events } = decide(packet, snapshot);
    for (const lease of leases) await this.#facts.leases.put(lease);
    for (const event of events) this.#facts.observe(event);
    return reply;
  }

  async #homeless(packet: DhcpPacket): Promise<undefined> {
    this.counters.homeless++;
    if (packet.type !== 'discover') return;
    const host = await this.#facts.hostByMac(packet.mac);
    const { mac, giaddr } = packet;
    const message = `DISCOVER unanswered: no subnet is configured for the relay ${giaddr} (${mac})`;
    const event = { kind: 'dhcp.discover', message, data: { mac, relay: giaddr } } as const;
    this.#facts.observe({ ...event, nodeUuid: host?.nodeUuid });
  }

  #send(reply: DhcpReply, sockets: DhcpSockets, clientPort: number): void {
    const toPort = reply.toPort === 'client' ? clientPort : sockets.listenPort;
    this.counters.replied++;
    sockets.send(encodePacket(reply.packet), reply.toAddress, toPort, (error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.counters.failed++;
    this.#extras.onError?.(error);
  }
}
