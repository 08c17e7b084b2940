import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const BUFFER_BYTES = String(1024 * 1024);
const HOST = '127.0.0.1';

/**
 * Copies a file into another over one TCP connection on loopback: what is left of a write over the
 * network when nobody speaks iSCSI. Both ends are socat with buffers of 1 MiB.
 */
export async function copyOverTcp(from: string, to: string): Promise<void> {
  const listenPort = await freePort();
  const taker = socat(`TCP-LISTEN:${listenPort},bind=${HOST},reuseaddr`, `OPEN:${to}`);
  const giver = socat(`OPEN:${from}`, `TCP:${HOST}:${listenPort},retry=100,interval=0.01`);
  await Promise.all([taker, giver]);
}

async function socat(from: string, to: string): Promise<void> {
  const child = spawn('socat', ['-u', '-b', BUFFER_BYTES, from, to], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [exitCode] = await once(child, 'close').catch((error: unknown) => {
    throw new Error(`socat cannot be started (package socat): ${String(error)}`);
  });
  if (exitCode !== 0) throw new Error(`socat ended with ${exitCode}: ${said}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return address.port;
}
