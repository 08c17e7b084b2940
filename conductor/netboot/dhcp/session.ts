import type { Mac } from '../../values/mac.ts';
import type { NetbootFacts } from '../facts.ts';
import type { NetbootTap } from '../tap.ts';
import { dhcpConfig, type DhcpConfig, type DhcpOptions } from './config.ts';
import { isAddressInUse } from './conflict.ts';
import { decide, type DhcpDecision } from './decide.ts';
import { dhcpEvent, homeless } from './events.ts';
import { searchMac } from './foreign.ts';
import { lookUp } from './lookup.ts';
import { decodePacket, encodePacket, type DhcpFault, type DhcpPacket } from './packet.ts';
import { decideProxy } from './proxy.ts';
import type { DhcpReply } from './reply.ts';
import type { DhcpSnapshot } from './snapshot.ts';
import type { DhcpSockets, SendBack } from './socket.ts';
import { subnetOf } from './subnet.ts';
import { watchForeign } from './watchForeign.ts';

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

/** What a DHCP server may be given besides its options. */
export type DhcpExtras = {
  readonly nowMs?: () => number;
  /** Told of failed lookups and sends; requests are served on. */
  readonly onError?: (error: unknown) => void;
  /** Hears what is decided. */
  readonly tap?: NetbootTap;
};

/** Requests that may wait; a client whose request is dropped asks again by itself. */
const LONGEST_QUEUE = 1000;
/** Addresses that are asked for at a time; under more load they are offered unasked. */
const MOST_PROBES = 64;
/** How long other servers may take to answer a search; some wait for a ping of their own. */
const FOREIGN_WAIT_MS = 3000;

/** Takes requests one after the other, so that no two are promised the same free address. */
export class DhcpSession {
  readonly counters: DhcpCounters = {
    received: 0,
    replied: 0,
    overrun: 0,
    homeless: 0,
    failed: 0,
    malformed: {},
  };
  readonly #options: DhcpOptions;
  readonly #config: DhcpConfig;
  readonly #sockets: DhcpSockets;
  readonly #facts: NetbootFacts;
  readonly #extras: DhcpExtras;
  /** Whom our own search for other servers names: it is not answered. */
  readonly #searchMac: Mac = searchMac();
  readonly #probes = new Set<Promise<void>>();
  /** Packets as they came, for the tap. */
  readonly #bytes = new WeakMap<DhcpPacket, Buffer>();
  /** Requests that are not answered yet. */
  readonly #answering = new Set<Promise<void>>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: DhcpOptions, sockets: DhcpSockets, facts: NetbootFacts, extras: DhcpExtras) {
    this.#options = options;
    this.#config = dhcpConfig(options);
    this.#sockets = sockets;
    this.#facts = facts;
    this.#extras = extras;
  }

  /** Takes a datagram; `sendBack` when it came to the boot server's listening port. */
  take(bytes: Buffer, sendBack?: SendBack): void {
    this.counters.received++;
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') {
      this.counters.malformed[packet] = (this.counters.malformed[packet] ?? 0) + 1;
      return;
    }
    if (packet.mac === this.#searchMac) return;
    if (this.#answering.size >= LONGEST_QUEUE) {
      this.counters.overrun++;
      return;
    }
    if (this.#extras.tap) this.#bytes.set(packet, bytes);
    this.#queue(packet, sendBack);
  }

  async idle(): Promise<void> {
    while (this.#answering.size > 0 || this.#probes.size > 0)
      await Promise.all([...this.#answering, ...this.#probes]);
  }

  watchForeign(everySeconds: number): AsyncDisposable {
    const { serverAddress, clientPort = 68 } = this.#options;
    return watchForeign({
      serverAddress,
      clientPort,
      listenPort: this.#sockets.listenPort,
      mac: this.#searchMac,
      waitMs: FOREIGN_WAIT_MS,
      everyMs: everySeconds * 1000,
      observe: (event) => this.#facts.observe(event),
      onError: (error) => this.#extras.onError?.(error),
    });
  }

  /** The next request is decided as soon as this one is, while this one's lease is written down. */
  #queue(packet: DhcpPacket, sendBack?: SendBack): void {
    const deciding = this.#tail.then(() => this.#decide(packet, sendBack));
    this.#tail = deciding.catch(() => undefined);
    const answering: Promise<void> = deciding
      .then((answer) => answer())
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#answering.delete(answering));
    this.#answering.add(answering);
  }

  /** Decides about a request and has its leases known; what is given back answers it. */
  async #decide(packet: DhcpPacket, sendBack?: SendBack): Promise<() => Promise<void>> {
    const subnet = subnetOf(packet, this.#config);
    if (subnet === undefined) return () => this.#homeless(packet);
    const nowMs = (this.#extras.nowMs ?? Date.now)();
    const snapshot = await lookUp(packet, subnet, this.#config, this.#facts, nowMs);
    const proxy = this.#config.mode === 'proxy';
    const at = sendBack === undefined ? 'server' : 'bootServer';
    const decision = proxy ? decideProxy(packet, snapshot, at) : decide(packet, snapshot);
    const bytes = this.#bytes.get(packet);
    if (bytes) this.#extras.tap?.dhcp({ bytes, to: at, snapshot, decision });
    const written = Promise.all(decision.leases.map((lease) => this.#facts.leases.put(lease)));
    return async () => {
      await written;
      if (this.#isToProbe(decision, snapshot)) this.#probe(packet, decision, snapshot);
      else this.#carryOut(decision, sendBack);
    };
  }

  #carryOut({ events, reply }: DhcpDecision, sendBack?: SendBack): void {
    for (const event of events) this.#facts.observe(event);
    if (reply === undefined) return;
    this.counters.replied++;
    const bytes = encodePacket(reply.packet);
    if (sendBack) sendBack(bytes, (error) => this.#fail(error));
    else this.#send(bytes, reply);
  }

  /** Only what is new to the machine: its own address was its own before, and it may be using it. */
  #isToProbe({ reply }: DhcpDecision, { lease }: DhcpSnapshot): boolean {
    const { addressProbeMs = 0 } = this.#options;
    const isNew = reply?.packet.type === 'offer' && reply.packet.yiaddr !== lease?.address;
    const gives = this.#config.mode === 'server';
    return addressProbeMs > 0 && gives && isNew && this.#probes.size < MOST_PROBES;
  }

  /** Asks for the address while others are served: the row of the offer already keeps it. */
  #probe(packet: DhcpPacket, decision: DhcpDecision, snapshot: DhcpSnapshot): void {
    const probing = this.#probed(packet, decision, snapshot)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#probes.delete(probing));
    this.#probes.add(probing);
  }

  async #probed(packet: DhcpPacket, decision: DhcpDecision, snapshot: DhcpSnapshot): Promise<void> {
    const [lease] = decision.leases;
    const { addressProbeMs = 0 } = this.#options;
    const used = lease && (await isAddressInUse(lease.address, packet.mac, addressProbeMs));
    if (!used) return this.#carryOut(decision);
    const { address } = lease;
    const expiresAtMs = snapshot.nowMs + this.#config.declineSeconds * 1000;
    await this.#facts.leases.put({ ...lease, state: 'declined', expiresAtMs });
    const why = `${address} answers although nobody leased it; put aside`;
    this.#facts.observe(dhcpEvent('dhcp.conflict', packet, snapshot, why, { address }));
    this.#queue(packet);
  }

  async #homeless(packet: DhcpPacket): Promise<void> {
    this.counters.homeless++;
    if (packet.type !== 'discover') return;
    const host = await this.#facts.hostByMac(packet.mac);
    this.#facts.observe(homeless(packet, host?.nodeUuid));
  }

  #send(bytes: Buffer, { toAddress, toPort }: DhcpReply): void {
    const { clientPort = 68 } = this.#options;
    const listenPort = toPort === 'client' ? clientPort : this.#sockets.listenPort;
    this.#sockets.send(bytes, toAddress, listenPort, (error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.counters.failed++;
    this.#extras.onError?.(error);
  }
}
