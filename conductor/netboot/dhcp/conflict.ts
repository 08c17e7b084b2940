import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ipv4 } from '../../values/ipv4.ts';
import { tryParseMac, type Mac } from '../../values/mac.ts';
import { errorCode } from '../systemError.ts';

/** RFC 863; nobody listens there any more, so whoever has the address refuses. */
const DISCARD_LISTEN_PORT = 9;
/** `ATF_COM` of the kernel's ARP table: the entry has been answered. */
const COMPLETE = 2;

/**
 * Whether another machine than `mac` uses an address, RFC 2131 §3.1. A datagram makes the kernel ask
 * by ARP on a network of its own; beyond a router, a refused datagram tells. No root is needed, and
 * a host that is silent to both is not found.
 */
export async function isAddressInUse(address: Ipv4, mac: Mac, waitMs: number): Promise<boolean> {
  const socket = dgram.createSocket('udp4');
  const refused = once(socket, 'error').then(([error]) => errorCode(error) === 'ECONNREFUSED');
  try {
    socket.connect(DISCARD_LISTEN_PORT, address);
    await Promise.race([once(socket, 'connect'), refused]);
    socket.send(Buffer.of(0), () => {});
    const answered = await Promise.race([refused, delay(waitMs, false)]);
    return answered || (await hasOtherHolder(address, mac));
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

async function hasOtherHolder(address: Ipv4, mac: Mac): Promise<boolean> {
  const table = await readFile('/proc/self/net/arp', 'utf8').catch(() => '');
  const rows = table.split('\n').map((line) => line.split(/\s+/));
  return rows.some(([ip, , flags = '', holder = '']) => {
    const complete = (Number(flags) & COMPLETE) !== 0;
    return ip === address && complete && tryParseMac(holder) !== mac;
  });
}
