import dgram from 'node:dgram';
import type { Ipv4 } from '../../values/ipv4.ts';
import type { TftpTerms } from './negotiate.ts';
import { dataHeader, errorPacket, optionAckPacket, readClientPacket } from './packets.ts';
import { TFTP_ERROR } from './request.ts';
import type { ByteSource } from './source.ts';
import { acknowledge, openWindow, timeOut, type Window, type WindowStep } from './window.ts';

/** How a transfer ended. */
export type TransferEnd =
  | { readonly kind: 'done' }
  /** The client asked for the size only, and stopped at the OACK. */
  | { readonly kind: 'probed' }
  | { readonly kind: 'failed'; readonly why: string };

/** What a transfer is made of. */
export type TransferParts = {
  readonly peer: { readonly address: Ipv4; readonly listenPort: number };
  /** The local address to send from. */
  readonly fromAddress: Ipv4;
  readonly source: ByteSource;
  readonly terms: TftpTerms;
  /** The first wait for an ACK, doubled at each retransmission up to eight times itself. */
  readonly timeoutMs: number;
  readonly mostRetries: number;
  readonly signal: AbortSignal;
  readonly onStarted: () => void;
};

/**
 * Runs one transfer over a socket of its own, whose port is the server's transfer identifier
 * (RFC 1350 §4). The socket is connected: the kernel drops datagrams of others, and tells when the
 * client's port is closed.
 */
export async function transfer(parts: TransferParts): Promise<TransferEnd> {
  const socket = dgram.createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<TransferEnd>();
  const running = new RunningTransfer(parts, socket, resolve);
  socket.on('error', (error) => resolve({ kind: 'failed', why: error.message }));
  const onAbort = (): void => running.stop('the server stops');
  parts.signal.addEventListener('abort', onAbort);
  socket.bind({ address: parts.fromAddress, port: 0 }, () =>
    socket.connect(parts.peer.listenPort, parts.peer.address, () => running.start()),
  );
  try {
    return await promise;
  } finally {
    parts.signal.removeEventListener('abort', onAbort);
    running.halt();
    socket.close();
  }
}

class RunningTransfer {
  readonly #parts: TransferParts;
  readonly #socket: dgram.Socket;
  readonly #end: (end: TransferEnd) => void;
  #window: Window;
  #timer: NodeJS.Timeout | undefined;
  #tail: Promise<void> = Promise.resolve();
  #halted = false;

  constructor(parts: TransferParts, socket: dgram.Socket, end: (end: TransferEnd) => void) {
    this.#parts = parts;
    this.#socket = socket;
    this.#end = end;
    this.#window = this.#opening().window;
  }

  start(): void {
    this.#socket.on('message', (bytes) => this.#queue(() => this.#take(bytes)));
    if (this.#window.acked === 0) this.#parts.onStarted();
    this.#queue(() => this.#do(this.#opening()));
  }

  stop(why: string): void {
    if (this.#halted) return;
    this.#send(errorPacket(TFTP_ERROR.other, why));
    this.#end({ kind: 'failed', why });
  }

  halt(): void {
    this.#halted = true;
    clearTimeout(this.#timer);
  }

  #opening(): WindowStep {
    const { source, terms } = this.#parts;
    return openWindow(source.sizeBytes, { ...terms, optionAck: terms.confirmed.size > 0 });
  }

  /** One datagram or time-out after the other: reading a block may take a while. */
  #queue(work: () => Promise<void> | void): void {
    this.#tail = this.#tail
      .then(() => (this.#halted ? undefined : work()))
      .catch((error: unknown) => this.stop(`the file cannot be read: ${String(error)}`));
  }

  #take(bytes: Buffer): Promise<void> | void {
    const packet = readClientPacket(bytes);
    if (packet === undefined) return undefined;
    if (packet.kind === 'error') return this.#refusedByClient(packet);
    const before = this.#window.acked;
    const step = acknowledge(this.#window, packet.block);
    if (before === -1 && step.window.acked === 0) this.#parts.onStarted();
    return this.#do(step);
  }

  #refusedByClient({ code, message }: { code: number; message: string }): void {
    const probed = this.#window.acked === -1;
    const why = `the client stopped it: error ${code} ${message}`.trim();
    this.#end(probed ? { kind: 'probed' } : { kind: 'failed', why });
  }

  async #do(step: WindowStep): Promise<void> {
    this.#window = step.window;
    if (step.done) return this.#end({ kind: 'done' });
    if (step.lost) return this.stop('no answer from the client');
    if (step.send === undefined) return undefined;
    this.#rearm();
    for (let block = step.send.from; block <= step.send.to; block++) await this.#sendBlock(block);
    return undefined;
  }

  async #sendBlock(block: number): Promise<void> {
    const { source, terms } = this.#parts;
    if (block === 0) return this.#send(optionAckPacket(terms.confirmed));
    const start = (block - 1) * terms.blksize;
    const end = Math.min(start + terms.blksize, source.sizeBytes);
    const data = start === end ? Buffer.alloc(0) : source.read(start, end);
    return this.#send([dataHeader(block), data instanceof Promise ? await data : data]);
  }

  #send(bytes: Buffer | readonly Buffer[]): void {
    if (this.#halted) return;
    // A failed send counts as a lost packet; a closed client port comes as an 'error' event.
    this.#socket.send(bytes, () => {});
  }

  #rearm(): void {
    const { terms, timeoutMs } = this.#parts;
    clearTimeout(this.#timer);
    const backOff = timeoutMs * 2 ** Math.min(this.#window.retries, 3);
    const waitMs = terms.timeoutSeconds === undefined ? backOff : terms.timeoutSeconds * 1000;
    this.#timer = setTimeout(() => this.#queue(() => this.#expire()), waitMs);
  }

  #expire(): Promise<void> {
    return this.#do(timeOut(this.#window, this.#parts.mostRetries));
  }
}
