// Sends DHCP messages, given as a JSON list of hex texts, as a client of this process's network
// namespace, one after the other. Prints for each the reply's hex, or "-" after two seconds. They go
// to everyone's port 67, or to the address and port of the second and third argument.
import dgram from 'node:dgram';
import { once } from 'node:events';

const packets = JSON.parse(process.argv[2] ?? '[]') as readonly string[];
const [, , , address = '255.255.255.255', listenPort = '67'] = process.argv;
const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
socket.bind(68);
await once(socket, 'listening');
socket.setBroadcast(true);
for (const hex of packets) {
  const bytes = Buffer.from(hex, 'hex');
  const xid = bytes.subarray(4, 8);
  const signal = AbortSignal.timeout(2000);
  socket.send(bytes, Number(listenPort), address);
  process.stdout.write(`${await replyTo(xid, signal)}\n`);
}
socket.close();

async function replyTo(xid: Buffer, signal: AbortSignal): Promise<string> {
  try {
    for (;;) {
      const [reply] = (await once(socket, 'message', { signal })) as [Buffer];
      if (reply[0] === 2 && reply.subarray(4, 8).equals(xid)) return reply.toString('hex');
    }
  } catch (error) {
    if (signal.aborted) return '-';
    throw error;
  }
}
