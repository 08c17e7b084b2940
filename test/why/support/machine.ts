// Plays the network side of a machine, in this process's network namespace: argv[2] is JSON,
// {mac, uuid, acts}. Each act is what firmware, a loader or a ramdisk would do next.
import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { OPTION } from '../../../conductor/netboot/dhcp/codes.ts';
import { ipv4Bytes, readIpv4, textBytes } from '../../../conductor/netboot/dhcp/options.ts';
import {
  BROADCAST_FLAG,
  decodePacket,
  encodePacket,
  type DhcpPacket,
} from '../../../conductor/netboot/dhcp/packet.ts';
import type { Ipv4 } from '../../../conductor/values/ipv4.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { message } from '../../netboot/support/dhcp.ts';
import type { Act, Dhcp, Tftp } from './acts.ts';

/** Option 93; 65 is nobody's. */
const ARCHITECTURES: Readonly<Record<string, number>> = { arm64: 11, alien: 65 };
const SERVER = '192.0.2.1' as Ipv4;
const { mac, uuid, acts } = JSON.parse(process.argv[2] ?? '{}') as {
  mac: Mac;
  uuid: string;
  acts: readonly Act[];
};
let address = '192.0.2.100' as Ipv4;
let xid = 1000;
let key = '';
const dhcp = dgram.createSocket({ type: 'udp4', reuseAddr: true });
dhcp.bind(68);
await once(dhcp, 'listening');
dhcp.setBroadcast(true);

for (const act of acts) {
  if (act.do === 'dhcp') await ask(act);
  else if (act.do === 'tftp') await fetchFile(act);
  else if (act.do === 'wait') await sleep(act.ms);
  else if (act.do === 'serve') await serve(act.ms);
  else await callBack(act.key ?? key, act.error, act.commands);
}
dhcp.close();

async function ask({ as, reaction, times = 1, relay, requested }: Dhcp): Promise<void> {
  for (let round = 0; round < times; round++) {
    const discover = asked(as, {
      type: 'discover',
      xid: ++xid,
      giaddr: relay ?? ('0.0.0.0' as Ipv4),
    });
    const offer = answer(xid);
    send(discover, relay === undefined ? '255.255.255.255' : SERVER);
    if (reaction === 'ignore' || relay !== undefined) {
      await sleep(300);
      continue;
    }
    const offered = await offer;
    if (offered === undefined) continue;
    const server = reaction === 'other' ? ('192.0.2.66' as Ipv4) : SERVER;
    const wanted = requested ?? offered.yiaddr;
    const type = reaction === 'decline' ? 'decline' : 'request';
    const reply = reaction === 'take' ? answer(xid) : sleep(300, undefined);
    send(
      asked(
        as,
        { type, xid },
        {
          [OPTION.requestedAddress]: ipv4Bytes(wanted),
          [OPTION.serverId]: ipv4Bytes(server),
        },
      ),
      '255.255.255.255',
    );
    const ack = await reply;
    if (ack?.type !== 'ack') continue;
    address = ack.yiaddr;
    execFileSync('ip', ['addr', 'replace', `${address}/24`, 'dev', 'eth0']);
  }
}

function asked(
  as: Dhcp['as'],
  changes: Partial<DhcpPacket>,
  options: Record<number, Uint8Array | undefined> = {},
): DhcpPacket {
  const bytes = Buffer.from([0, ARCHITECTURES[as] ?? 0]);
  const firmware = as === 'pxe' || ARCHITECTURES[as] !== undefined;
  return message(
    [firmware ? 'ipxe-rom' : 'udhcpc', 0],
    { mac, flags: BROADCAST_FLAG, ...changes },
    {
      ...(firmware && { [OPTION.clientArchitecture]: bytes }),
      ...(ARCHITECTURES[as] !== undefined && {
        [OPTION.userClass]: undefined,
        [OPTION.ipxe]: undefined,
      }),
      ...(as === 'ramdisk' && { [OPTION.vendorClass]: textBytes('ironpxe-ramdisk') }),
      ...options,
    },
  );
}

/** Offers an address to whoever asks, with an identifier that is not the conductor's. */
async function serve(ms: number): Promise<void> {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
  socket.bind(67);
  await once(socket, 'listening');
  socket.setBroadcast(true);
  socket.on('message', (bytes) => {
    const packet = decodePacket(bytes);
    if (typeof packet === 'string' || packet.type !== 'discover') return;
    const options = new Map([[OPTION.serverId, ipv4Bytes('192.0.2.66' as Ipv4)]]);
    const yiaddr = '192.0.2.200' as Ipv4;
    const offer: DhcpPacket = { ...packet, op: 'reply', type: 'offer', yiaddr, options };
    socket.send(encodePacket(offer), 68, '255.255.255.255');
  });
  await sleep(ms);
  socket.close();
}

function send(packet: DhcpPacket, to: string): void {
  dhcp.send(encodePacket(packet), 67, to);
}

async function answer(wanted: number): Promise<DhcpPacket | undefined> {
  const signal = AbortSignal.timeout(3000);
  try {
    for (;;) {
      const [bytes] = (await once(dhcp, 'message', { signal })) as [Buffer];
      const packet = decodePacket(bytes);
      if (typeof packet === 'string' || packet.xid !== wanted || packet.op !== 'reply') continue;
      if (readIpv4(packet.options.get(OPTION.serverId)) === SERVER) return packet;
    }
  } catch {
    return undefined;
  }
}

async function fetchFile({ file, stopAfter = Infinity, abort, from }: Tftp): Promise<void> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, from ?? address);
  await once(socket, 'listening');
  const name = file.replace('{uuid}', uuid);
  const config = name.startsWith('pxelinux.cfg/');
  socket.send(Buffer.from(`\0\x01${name}\0octet\0blksize\x001408\0`, 'latin1'), 69, SERVER);
  const signal = AbortSignal.timeout(20_000);
  try {
    for (let text = '', blocks = 0; ;) {
      const [bytes, peer] = (await once(socket, 'message', { signal })) as [
        Buffer,
        dgram.RemoteInfo,
      ];
      const opcode = bytes.readUInt16BE(0);
      if (opcode === 5) return;
      const block = opcode === 6 ? 0 : bytes.readUInt16BE(2);
      if (blocks++ >= stopAfter && abort !== true) return await sleep(4000);
      const reply =
        blocks > stopAfter ? Buffer.from('\0\x05\0\x08gave up\0', 'latin1') : ack(block);
      socket.send(reply, peer.port, peer.address);
      if (blocks > stopAfter) return await sleep(100);
      if (opcode === 3) text += bytes.toString('latin1', 4);
      if (opcode !== 3 || bytes.length === 1412) continue;
      if (config) key = /deployment_key=(\S+)/.exec(text)?.[1] ?? '';
      return await sleep(50);
    }
  } catch {
    // The server did not answer: nothing that a machine could do about it.
  } finally {
    socket.close();
  }
}

function ack(block: number): Buffer {
  return Buffer.of(0, 4, block >> 8, block & 255);
}

async function callBack(withKey: string, error?: string, commands?: true): Promise<void> {
  const iqn = `iqn.2008-10.org.openstack:${uuid}`;
  const nonce = 'a'.repeat(64);
  const body = {
    address,
    key: withKey,
    iqn,
    port: '3260',
    lun: '1',
    ...(error !== undefined && { error }),
    ...(commands && { commands: '1', nonce }),
  };
  const url = `http://${SERVER}:8088/v1/nodes/${uuid}/vendor_passthru/pass_deploy_info`;
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
