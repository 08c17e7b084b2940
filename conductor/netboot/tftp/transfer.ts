import dgram from 'node:dgram';
import type { Ipv4 } from '../../values/ipv4.ts';
import type { TftpTerms } from './negotiate.ts';
import { dataHeader, errorPacket, optionAckPacket, readClientPacket } from './packets.ts';
import { TFTP_ERROR } from './request.ts';
import type { ByteSource } from './source.ts';
import { acknowledge, openWindow, timeOut, type Window, type WindowStep } from './window.ts';

/** How a transfer ended. */
export type TransferEnd =
  /** `retries`: how often the server had to send again. */
  | { readonly kind: 'done'; readonly retries: number }
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

const NO_DATA = Buffer.alloc(0);

class RunningTransfer {
  readonly #parts: TransferParts;
  readonly #socket: dgram.Socket;
  readonly #end: (end: TransferEnd) => void;
  #retries = 0;
  #window: Window;
  #timer: NodeJS.Timeout | undefined;
  #waitMs = 0;
  /** Settles when what waits for the disk is done; nothing does, nearly always. */
  #tail: Promise<void> | undefined;
  #waiting = 0;
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
    this.#queue(() => this.#carryOut(this.#opening()));
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

  /**
   * One datagram or time-out after the other: reading a block may take a while. Where nothing has to
   * be waited for it happens at once: a promise for each block would halve the rate.
   */
  #queue(work: () => Promise<void> | void): void {
    const begun = this.#tail?.then(() => this.#do(work)) ?? this.#do(work);
    if (begun === undefined) return;
    this.#waiting += 1;
    this.#tail = this.#release(begun);
  }

  /** Frees the queue when its last work has ended. */
  async #release(begun: Promise<void>): Promise<void> {
    await begun;
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#tail = undefined;
  }

  #do(work: () => Promise<void> | void): Promise<void> | void {
    const fail = (error: unknown): void => this.stop(`the file cannot be read: ${String(error)}`);
    if (this.#halted) return undefined;
    try {
      return work()?.catch(fail);
    } catch (error) {
      return fail(error);
    }
  }

  #take(bytes: Buffer): Promise<void> | void {
    const packet = readClientPacket(bytes);
    if (packet === undefined) return undefined;
    if (packet.kind === 'error') return this.#refusedByClient(packet);
    const before = this.#window.acked;
    const step = acknowledge(this.#window, packet.block);
    if (before === -1 && step.window.acked === 0) this.#parts.onStarted();
    return this.#carryOut(step);
  }

  #refusedByClient({ code, message }: { code: number; message: string }): void {
    const why = `the client stopped it: error ${code} ${message}`.trim();
    if (this.#window.acked === -1) this.#end({ kind: 'probed' });
    else if (code === TFTP_ERROR.other && this.#allSent())
      this.#end({ kind: 'done', retries: this.#retries });
    else this.#end({ kind: 'failed', why });
  }

  /**
   * pxelinux knows the size of a file: where it is a multiple of the block size, it closes with error
   * 0 ("No error, file close") in place of taking the empty last block.
   */
  #allSent(): boolean {
    const { source, terms } = this.#parts;
    return this.#window.sent * terms.blksize >= source.sizeBytes;
  }

  #carryOut(step: WindowStep): Promise<void> | void {
    this.#window = step.window;
    if (step.done) return this.#end({ kind: 'done', retries: this.#retries });
    if (step.lost) return this.stop('no answer from the client');
    if (step.send === undefined) return undefined;
    this.#rearm();
    return this.#sendBlocks(step.send.from, step.send.to);
  }

  #sendBlocks(from: number, to: number): Promise<void> | void {
    for (let block = from; block <= to; block++) {
      const data = this.#dataOf(block);
      if (data instanceof Promise)
        return data.then((bytes) => {
          this.#sendBlock(block, bytes);
          return this.#sendBlocks(block + 1, to);
        });
      this.#sendBlock(block, data);
    }
    return undefined;
  }

  #dataOf(block: number): Promise<Buffer> | Buffer {
    const { source, terms } = this.#parts;
    const start = (block - 1) * terms.blksize;
    const end = Math.min(start + terms.blksize, source.sizeBytes);
    return block === 0 || start === end ? NO_DATA : source.read(start, end);
  }

  #sendBlock(block: number, data: Buffer): void {
    const { confirmed } = this.#parts.terms;
    this.#send(block === 0 ? optionAckPacket(confirmed) : [dataHeader(block), data]);
  }

  #send(bytes: Buffer | readonly Buffer[]): void {
    if (this.#halted) return;
    // Without a callback a failed send is silent, and counts as a lost packet; a closed client port
    // comes as an 'error' event.
    this.#socket.send(bytes);
  }

  #rearm(): void {
    const { terms, timeoutMs } = this.#parts;
    const backOff = timeoutMs * 2 ** Math.min(this.#window.retries, 3);
    const waitMs = terms.timeoutSeconds === undefined ? backOff : terms.timeoutSeconds * 1000;
    if (waitMs === this.#waitMs) return void this.#timer?.refresh();
    clearTimeout(this.#timer);
    this.#waitMs = waitMs;
    this.#timer = setTimeout(() => this.#queue(() => this.#expire()), waitMs);
  }

  #expire(): Promise<void> | void {
    this.#retries++;
    return this.#carryOut(timeOut(this.#window, this.#parts.mostRetries));
  }
}
