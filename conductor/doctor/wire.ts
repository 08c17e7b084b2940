import dgram from 'node:dgram';
import { once } from 'node:events';
import { hasCode } from '../errors/error.ts';
import { findForeignServers, searchMac } from '../netboot/dhcp/foreign.ts';
import { type Check, type CheckResult, fail, ok, skip, warn } from './check.ts';
import { reason } from './files.ts';
import { servesDhcp } from './network.ts';

type Finding = Omit<CheckResult, 'check'>;

const FOREIGN_WAIT_MS = 3000;
const FETCH_MS = 5000;

/** Looks for other DHCP servers by a DISCOVER as a machine sends it. */
export const FOREIGN_CHECK: Check = {
  name: 'other DHCP servers',
  title: 'No other DHCP server answers on the wire',
  async run({ config, signal }) {
    const { server_address: serverAddress, mode } = config.dhcp;
    if (!servesDhcp(config) || serverAddress === undefined) return [];
    const ports = { listenPort: 67, clientPort: 68 };
    const search = { serverAddress, ...ports, mac: searchMac(), waitMs: FOREIGN_WAIT_MS, signal };
    try {
      return [foreign(await findForeignServers(search), mode)];
    } catch (error) {
      if (!hasCode(error, 'NETBOOT_LISTEN_REFUSED', 'NETBOOT_LISTEN_IN_USE')) throw error;
      return [skip(`cannot be looked for: ${error.message}`)];
    }
  },
};

function foreign(servers: readonly string[], mode: string): Finding {
  const who = servers.join(', ');
  if (mode === 'proxy')
    return servers.length > 0
      ? ok(`${who} gives the addresses`)
      : warn('no DHCP server gives addresses', 'dhcp.mode proxy needs another server beside it.');
  if (servers.length === 0) return ok('none answers');
  return fail(`${who} answers too`, 'Take it off this network, or set dhcp.mode: proxy.');
}

/** Fetches a loader by TFTP, and a script by HTTP, from the running conductor. */
export const FETCH_CHECK: Check = {
  name: 'boot files',
  title: 'Boot files can be fetched through the real sockets',
  async run({ config, conductorRuns, signal }) {
    if (!conductorRuns) return [skip('no conductor runs')];
    const { tftp, boot_http: http, dhcp } = config;
    const within = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]);
    const address =
      tftp.listen_address === '0.0.0.0'
        ? (dhcp.server_address ?? '127.0.0.1')
        : tftp.listen_address;
    const closed = 'Does a firewall of this host close the port?';
    const attempts: readonly (readonly [string, () => Promise<number>])[] = [
      ...(tftp.enabled
        ? [
            [
              `TFTP ${address}:${tftp.listen_port} boot.ipxe`,
              () => fetchTftp(address, tftp.listen_port, 'boot.ipxe', within),
            ] as const,
          ]
        : []),
      [`${http.url}/boot.ipxe`, () => fetchHttp(`${http.url}/boot.ipxe`, within)],
    ];
    return Promise.all(
      attempts.map(([what, attempt]) =>
        attempt().then(
          (bytes) => ok(`${what}: ${bytes} bytes`),
          (error: unknown) =>
            fail(`${what}: ${within.aborted ? 'no answer' : reason(error)}`, closed),
        ),
      ),
    );
  },
};

async function fetchHttp(url: string, signal: AbortSignal): Promise<number> {
  const reply = await fetch(url, { signal });
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return (await reply.arrayBuffer()).byteLength;
}

/** A file that fits into one block of 512 bytes would do; this takes all blocks. RFC 1350. */
async function fetchTftp(
  address: string,
  listenPort: number,
  name: string,
  signal: AbortSignal,
): Promise<number> {
  const socket = dgram.createSocket('udp4');
  try {
    socket.send(Buffer.from(`\0\x01${name}\0octet\0`, 'latin1'), listenPort, address);
    for (let total = 0; ;) {
      const [bytes, from] = (await once(socket, 'message', { signal })) as [
        Buffer,
        dgram.RemoteInfo,
      ];
      const opcode = bytes.readUInt16BE(0);
      if (opcode === 5) throw new Error(bytes.toString('latin1', 4).replace(/\0.*/s, ''));
      if (opcode !== 3) continue;
      total += bytes.length - 4;
      socket.send(Buffer.of(0, 4, bytes[2] ?? 0, bytes[3] ?? 0), from.port, from.address);
      if (bytes.length < 516) return total;
    }
  } finally {
    socket.close();
  }
}
