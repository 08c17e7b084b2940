import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { IronpxeError } from '../../errors/error.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import type { JsonObject } from '../json.ts';
import { nodePath, readNode } from '../nodes.ts';
import { requiredArg } from './common.ts';

/** `ironpxe node console` */
export const nodeConsole: Command = {
  name: 'node console',
  summary: "Look at a machine's serial console, and type on it",
  args: ['NODE'],
  options: {
    close: { what: 'Close it for everybody, and end.' },
  },
  text: `Opens the console (serial over LAN with the driver ipmi) where it is not open yet, shows what
the machine says, and sends what is typed. Ctrl-] leaves; the console stays open for others. Run it
where the address of console.listen_address is reached: on the host of the conductor by default.`,
  examples: ['ironpxe node console rack1-07', 'ironpxe node console rack1-07 --close'],
  run: attach,
};

const LEAVE = 0x1d;

async function attach(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const { uuid, name } = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const path = `${nodePath(uuid)}/states/console`;
  const enabled = !invocation.flag('close');
  await client.send('PUT', path, { enabled });
  const info = (await client.get(path))['console_info'] as JsonObject | null;
  if (!enabled) io.err(`The console of ${name ?? uuid} is closed.\n`);
  else if (json) io.out(`${JSON.stringify(info)}\n`);
  else await show(invocation, await dial(info?.['url']));
  return EXIT.ok.status;
}

/** @throws IronpxeError CONSOLE_UNREACHABLE */
async function dial(text: unknown): Promise<Socket> {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url === null)
    throw new IronpxeError('CONSOLE_UNREACHABLE', 'The console of this node has no address.');
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IronpxeError('CONSOLE_UNREACHABLE', `${url.href} cannot be reached: ${why}.`, {
      cause: error,
    });
  }
}

/** Joins the terminal to the console until either ends. */
async function show({ io }: Invocation, socket: Socket): Promise<void> {
  const { stdin } = process;
  io.err('Ctrl-] leaves.\r\n');
  socket.on('data', (said: Buffer) => io.out(said.toString('utf8')));
  socket.on('error', () => socket.destroy());
  const type = (typed: Buffer): void => {
    const end = typed.indexOf(LEAVE);
    socket.write(end === -1 ? typed : typed.subarray(0, end));
    if (end !== -1) socket.end();
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on('data', type);
  io.signal.addEventListener('abort', () => socket.destroy(), { once: true });
  try {
    await once(socket, 'close');
  } finally {
    stdin.off('data', type).pause();
    if (stdin.isTTY) stdin.setRawMode(false);
    io.err('\r\n');
  }
}
