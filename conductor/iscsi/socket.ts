import { createConnection, type Socket } from 'node:net';
import { IronpxeError } from '../errors/error.ts';

/** Where an iSCSI target listens. */
export type Portal = { readonly host: string; readonly listenPort: number };

export type DialOptions = Portal & {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called with bytes that are valid only during the call. */
  readonly onBytes: (bytes: Buffer) => void;
  /** Called once, when an established connection is gone, with the reason. */
  readonly onClosed: (error: IronpxeError) => void;
};

/** An established connection. */
export type Wire = {
  /**
   * Sends chunks without copying them; all sends of one tick go out together. `onSent` is called
   * when the system has taken them.
   */
  send(chunks: readonly Uint8Array[], onSent?: () => void): void;
  /** Ends the connection at once. */
  destroy(): void;
};

const RECEIVE_BUFFER_BYTES = 256 * 1024;

/**
 * Connects to a portal.
 * @throws IronpxeError ISCSI_CONNECT_FAILED, ISCSI_CONNECT_TIMED_OUT; the reason of `signal`
 */
export async function dial(options: DialOptions): Promise<Wire> {
  options.signal.throwIfAborted();
  const socket = createConnection({
    host: options.host,
    port: options.listenPort,
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(RECEIVE_BUFFER_BYTES),
      callback: (lengthBytes, bytes) => {
        options.onBytes(Buffer.from(bytes.buffer, bytes.byteOffset, lengthBytes));
        return true;
      },
    },
  });
  await established(socket, options);
  watch(socket, options);
  return {
    send: (chunks, onSent) => sendTogether(socket, chunks, onSent),
    destroy: () => socket.destroy(),
  };
}

async function established(socket: Socket, options: DialOptions): Promise<void> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const ended = AbortSignal.any([timeout, options.signal]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => reject(ended.reason as Error);
  socket.once('connect', resolve).once('error', reject);
  ended.addEventListener('abort', stop, { once: true });
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    options.signal.throwIfAborted();
    throw timeout.aborted ? timedOut(options) : connectFailed(options, error);
  } finally {
    socket.off('connect', resolve).off('error', reject);
    ended.removeEventListener('abort', stop);
  }
}

function watch(socket: Socket, options: DialOptions): void {
  let cause: Error | undefined;
  socket.on('error', (error) => {
    cause = error;
  });
  socket.once('end', () => socket.destroy());
  socket.once('close', () => options.onClosed(connectionLost(options, cause)));
}

/** Chunks wait corked until the end of the tick, so that they leave in one system call. */
function sendTogether(socket: Socket, chunks: readonly Uint8Array[], onSent?: () => void): void {
  if (socket.destroyed) return;
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  const last = chunks.length - 1;
  for (const [index, chunk] of chunks.entries())
    socket.write(chunk, index === last ? onSent : undefined);
}

function timedOut(options: DialOptions): IronpxeError {
  return new IronpxeError(
    'ISCSI_CONNECT_TIMED_OUT',
    `No connection to ${describePortal(options)} within ${options.timeoutMs} ms.`,
  );
}

function connectFailed(portal: Portal, cause: unknown): IronpxeError {
  return new IronpxeError(
    'ISCSI_CONNECT_FAILED',
    `Cannot connect to ${describePortal(portal)}: ${shortReason(cause)}.`,
    { cause },
  );
}

function connectionLost(portal: Portal, cause: Error | undefined): IronpxeError {
  const why = cause ? shortReason(cause) : 'the target closed it';
  return new IronpxeError(
    'ISCSI_CONNECTION_LOST',
    `The connection to ${describePortal(portal)} is gone: ${why}.`,
    { cause },
  );
}

/** `192.0.2.1:3260`, IPv6 in brackets. */
export function describePortal({ host, listenPort }: Portal): string {
  return host.includes(':') ? `[${host}]:${listenPort}` : `${host}:${listenPort}`;
}

function shortReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return code ?? String(error);
}
