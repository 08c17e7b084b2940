import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { addAbortSignal } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { explain, IronpxeError } from '../../errors/error.ts';
import { codeOf, isSameCode } from './secrets.ts';

/** Where a ramdisk listens, and the key that was agreed on with it. */
export type RamdiskSession = {
  readonly address: string;
  readonly key: string;
  /** 10000 unless given. */
  readonly listenPort?: number;
  /** How long a ramdisk may be silent in a command; half a minute unless given. */
  readonly silenceMs?: number;
  /** How long a connection is tried for; 30 seconds unless given. */
  readonly connectForMs?: number;
};

/** A command and its argument lines. */
export type Command = { readonly name: string; readonly args: readonly string[] };

const LISTEN_PORT = 10_000;
const CONNECT_FOR_MS = 30_000;
const RETRY_MS = 250;
const SILENCE_MS = 30_000;

/**
 * Carries out one command (PROTOCOL.md §6) and gives its answer's lines as they come. They may be
 * relied on only after the last one: what vouches for them comes at the end.
 * @throws IronpxeError RAMDISK_UNREACHABLE, RAMDISK_NOT_AUTHENTIC, RAMDISK_COMMAND_REFUSED,
 *   RAMDISK_COMMAND_FAILED; the reason of `signal`
 */
export async function* converse(
  session: RamdiskSession,
  command: Command,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const socket = await reach(session, signal);
  socket.setTimeout(session.silenceMs ?? SILENCE_MS, () =>
    socket.destroy(new Error('it fell silent')),
  );
  try {
    addAbortSignal(signal, socket);
    yield* dialogue(session, command, socket);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof IronpxeError) throw error;
    throw unreachable(session, `the command ${command.name} broke off`, error);
  } finally {
    socket.destroy();
  }
}

async function* dialogue(
  { address, key }: RamdiskSession,
  { name, args }: Command,
  socket: Socket,
): AsyncGenerator<string, void, void> {
  const lines = linesOf(socket);
  const ours = randomBytes(32).toString('hex');
  socket.write(`ipx1${ours}\n`);
  const [ready, theirs = '', proof = ''] = (await nextLine(lines)).split(' ');
  if (ready !== 'ready' || !isSameCode(proof, codeOf(key, ['ready', ours, theirs])))
    throw notAuthentic(address, 'it did not prove to know the key of this session');
  const body = args.map((line) => `${line}\n`).join('');
  const length = Buffer.byteLength(body);
  socket.write(`${name} ${length} ${codeOf(key, ['run', ours, theirs, name], body)}\n${body}`);
  const said: string[] = [];
  for (;;) {
    const line = await nextLine(lines);
    if (line !== '.' && !line.startsWith('= ')) return expectDone(line);
    said.push(`${line}\n`);
    if (line !== '.') yield line.slice(2);
  }

  function expectDone(line: string): void {
    const [, word = '', code = '', reason = ''] = /^(\w+) (\w{64})(?: (.*))?$/.exec(line) ?? [];
    if (!isSameCode(code, codeOf(key, [word, ours, theirs, reason], said.join(''))))
      throw notAuthentic(address, `the answer to ${name} ends with ${JSON.stringify(line)}`);
    if (word === 'ok') return;
    const failed = word === 'refused' ? 'RAMDISK_COMMAND_REFUSED' : 'RAMDISK_COMMAND_FAILED';
    throw new IronpxeError(failed, `${name}: ${reason || 'the ramdisk gives no reason.'}`);
  }
}

/** A line of a ramdisk is short; whoever sends more is none. */
const LONGEST_LINE_BYTES = 64 * 1024;

async function* linesOf(socket: Socket): AsyncGenerator<string, void, void> {
  let rest = '';
  for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE_BYTES) throw new Error('it sends lines without an end');
    yield* lines;
  }
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const next = await lines.next();
  if (next.done) throw new Error('the connection was closed');
  return next.value;
}

/** The ramdisk listens a moment after its callback was answered, so a refusal is tried again. */
async function reach(session: RamdiskSession, signal: AbortSignal): Promise<Socket> {
  const { address, listenPort = LISTEN_PORT, connectForMs = CONNECT_FOR_MS } = session;
  const deadline = AbortSignal.timeout(connectForMs);
  const within = AbortSignal.any([signal, deadline]);
  let refusal: unknown;
  while (!within.aborted) {
    const socket = connect({ host: address, port: listenPort });
    try {
      await once(socket, 'connect', { signal: within });
      return socket.setNoDelay();
    } catch (error) {
      socket.destroy();
      if (!within.aborted) refusal = error;
      await sleep(RETRY_MS, undefined, { signal: within }).catch(() => {});
    }
  }
  signal.throwIfAborted();
  throw unreachable(session, `no connection in ${connectForMs / 1000} s`, refusal);
}

function unreachable(session: RamdiskSession, what: string, cause: unknown): IronpxeError {
  const { address, listenPort = LISTEN_PORT } = session;
  const why = cause === undefined ? '' : ` (${explain(cause)})`;
  const message = `The ramdisk at ${address}:${listenPort}: ${what}${why}.`;
  return new IronpxeError('RAMDISK_UNREACHABLE', message, { cause });
}

function notAuthentic(address: string, found: string): IronpxeError {
  return new IronpxeError('RAMDISK_NOT_AUTHENTIC', `The ramdisk at ${address}: ${found}.`);
}
