import dgram from 'node:dgram';
import { tryParseIpv4, type Ipv4 } from '../../values/ipv4.ts';
import type { NewEvent } from '../../events/kinds.ts';
import { errorCode } from '../systemError.ts';
import { listenError } from '../listen.ts';
import type { BootTree, TreeContent, TreeRefusal } from '../tree/tree.ts';
import { tftpEvents, type TftpEvents } from './events.ts';
import { negotiate, type TftpLimits } from './negotiate.ts';
import { errorPacket } from './packets.ts';
import { readRequest, TFTP_ERROR, type ReadRequest } from './request.ts';
import { openSource } from './source.ts';
import { transfer } from './transfer.ts';

/** How the TFTP server listens and sends. */
export type TftpOptions = {
  readonly listenAddress: Ipv4;
  /** 69 by default. */
  readonly listenPort?: number;
  /** The largest block; 1468 by default, which fits an MTU of 1500. */
  readonly blksize?: number;
  /** The largest window; 64 by default. */
  readonly windowsize?: number;
  /** The first wait for an ACK; 1000 by default. */
  readonly timeoutMs?: number;
  /** Retransmissions before giving up; 5 by default. */
  readonly mostRetries?: number;
  /** Transfers at a time; 256 by default. */
  readonly mostTransfers?: number;
  /** Transfers at a time for one address; 16 by default. */
  readonly mostTransfersPerClient?: number;
};

/** A running TFTP server. */
export type TftpServer = AsyncDisposable & {
  readonly listenPort: number;
  readonly counters: TftpCounters;
};

/** Counted since the start. */
export type TftpCounters = {
  done: number;
  failed: number;
  probed: number;
  refused: number;
  /** Datagrams that were no request. */
  noise: number;
  readonly running: number;
};

type Peer = { readonly address: Ipv4; readonly listenPort: number };

/**
 * Starts the TFTP server over a virtual tree.
 * @throws IronpxeError NETBOOT_LISTEN_IN_USE, NETBOOT_LISTEN_REFUSED
 */
export async function startTftp(
  options: TftpOptions,
  tree: BootTree,
  observe: (event: NewEvent) => void,
): Promise<TftpServer> {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  await bind(socket, options);
  const serving = new Serving(options, tree, socket, observe);
  socket.on('message', (bytes, from) => serving.take(bytes, from.address, from.port));
  socket.on('error', () => {});
  return {
    listenPort: socket.address().port,
    counters: serving,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => void socket.close(resolve));
      await serving.stop();
      await closed;
    },
  };
}

class Serving implements TftpCounters {
  done = 0;
  failed = 0;
  probed = 0;
  refused = 0;
  noise = 0;
  readonly #options: TftpOptions;
  readonly #tree: BootTree;
  readonly #socket: dgram.Socket;
  readonly #observe: (event: NewEvent) => void;
  /** Running transfers by the client's address and port: its transfer identifier. */
  readonly #running = new Map<string, { address: Ipv4; end: Promise<void> }>();
  readonly #stopping = new AbortController();

  constructor(
    options: TftpOptions,
    tree: BootTree,
    socket: dgram.Socket,
    observe: (event: NewEvent) => void,
  ) {
    this.#options = options;
    this.#tree = tree;
    this.#socket = socket;
    this.#observe = observe;
  }

  get running(): number {
    return this.#running.size;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(Array.from(this.#running.values(), ({ end }) => end));
  }

  take(bytes: Buffer, addressText: string, listenPort: number): void {
    const address = tryParseIpv4(addressText);
    const request = readRequest(bytes);
    // Nothing can be sent to port 0; a forged request may carry it.
    if (address === undefined || listenPort === 0) return void this.noise++;
    const peer = { address, listenPort };
    if (request.kind === 'read') return this.#admit(request, peer);
    if (request.code === undefined) return void this.noise++;
    this.#refuse(peer, request.code, request.why);
    const events = tftpEvents(this.#observe, request.fileName ?? '', peer.address);
    return events.refused(undefined, request.why);
  }

  #admit(request: ReadRequest, peer: Peer): void {
    const key = `${peer.address}:${peer.listenPort}`;
    // The client repeats its request while the first answer is on its way.
    if (this.#running.has(key)) return;
    if (this.#isFull(peer.address))
      return this.#refuse(peer, TFTP_ERROR.other, 'too many transfers, try again');
    const end = this.#serve(request, peer)
      .catch((error: unknown) => this.#broken(request, peer, error))
      .finally(() => this.#running.delete(key));
    this.#running.set(key, { address: peer.address, end });
  }

  #isFull(address: Ipv4): boolean {
    const { mostTransfers = 256, mostTransfersPerClient = 16 } = this.#options;
    if (this.#running.size >= mostTransfers) return true;
    const own = Array.from(this.#running.values()).filter((other) => other.address === address);
    return own.length >= mostTransfersPerClient;
  }

  async #serve(request: ReadRequest, peer: Peer): Promise<void> {
    const events = tftpEvents(this.#observe, request.fileName, peer.address);
    const answer = await this.#tree.resolve(request.fileName, peer.address);
    const { nodeUuid } = answer;
    if ('found' in answer)
      return this.#sendContent(answer.found, nodeUuid, request, peer, events).catch(
        (error: unknown) => this.#broken(request, peer, error, nodeUuid),
      );
    this.#refuse(peer, ERROR_OF[answer.refused], answer.why);
    return events.refused(nodeUuid, answer.why, answer.refused);
  }

  async #sendContent(
    content: TreeContent,
    nodeUuid: string | undefined,
    request: ReadRequest,
    peer: Peer,
    events: TftpEvents,
  ): Promise<void> {
    await using source = await openSource(content);
    const terms = negotiate(request.options, source.sizeBytes, this.#limits());
    const { timeoutMs = 1000, mostRetries = 5, listenAddress } = this.#options;
    const about = { nodeUuid, sizeBytes: source.sizeBytes, terms };
    const startedAtMs = performance.now();
    const end = await transfer({
      peer,
      fromAddress: listenAddress,
      source,
      terms,
      timeoutMs,
      mostRetries,
      signal: this.#stopping.signal,
      onStarted: () => events.started(about),
    });
    this[end.kind]++;
    if (end.kind === 'done') events.done(about, performance.now() - startedAtMs, end.retries);
    if (end.kind === 'failed') events.failed(about, end.why);
  }

  #limits(): TftpLimits {
    const { blksize = 1468, windowsize = 64 } = this.#options;
    return { blksize, windowsize };
  }

  #broken(request: ReadRequest, peer: Peer, error: unknown, nodeUuid?: string): void {
    const gone = errorCode(error) === 'ENOENT';
    const why = gone ? 'the file is not on the conductor any more' : 'the file cannot be opened';
    this.#refuse(peer, gone ? TFTP_ERROR.notFound : TFTP_ERROR.other, why);
    const events = tftpEvents(this.#observe, request.fileName, peer.address);
    events.refused(nodeUuid, `${why}: ${error instanceof Error ? error.message : String(error)}`);
  }

  #refuse(peer: Peer, code: number, why: string): void {
    this.refused++;
    if (this.#stopping.signal.aborted) return;
    this.#socket.send(errorPacket(code, why), peer.listenPort, peer.address, () => {});
  }
}

const ERROR_OF = {
  absent: TFTP_ERROR.notFound,
  searched: TFTP_ERROR.notFound,
  forbidden: TFTP_ERROR.access,
  broken: TFTP_ERROR.other,
} as const satisfies Record<TreeRefusal, number>;

async function bind(socket: dgram.Socket, options: TftpOptions): Promise<void> {
  const { listenAddress: address, listenPort = 69 } = options;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('error', reject);
  socket.bind({ address, port: listenPort, exclusive: true }, resolve);
  try {
    await promise;
    socket.off('error', reject);
  } catch (error) {
    socket.close();
    throw await listenError({ service: 'TFTP', protocol: 'udp', address, listenPort }, error);
  }
}
