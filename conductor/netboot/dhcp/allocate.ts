import { ipv4FromNumber, type Ipv4 } from '../../values/ipv4.ts';
import type { Mac } from '../../values/mac.ts';
import type { NetbootFacts } from '../facts.ts';
import { inRange, type Subnet } from './config.ts';

/** How many formerly used addresses are looked at before one of them is taken anyway. */
const MOST_LOOKUPS = 64;

/**
 * The addresses that may be given out, in the order to try for a machine: a start that depends on the
 * MAC, then upwards and around. So a machine whose row was lost tends to get its old address again.
 */
export function* candidates(subnet: Subnet, mac: Mac): Generator<Ipv4, void> {
  const { rangeStart, rangeEnd } = subnet;
  const count = rangeEnd - rangeStart + 1;
  const start = hash(mac) % count;
  for (let step = 0; step < count; step++) {
    const address = ipv4FromNumber(rangeStart + ((start + step) % count));
    if (inRange(subnet, address)) yield address;
  }
}

/**
 * Finds an address that nobody holds. Those that known nodes held before come last, so that a
 * node finds its address again after a long time off.
 */
export async function freeAddress(
  subnet: Subnet,
  mac: Mac,
  facts: NetbootFacts,
  nowMs: number,
): Promise<Ipv4 | undefined> {
  const addresses = candidates(subnet, mac);
  let fallback: Ipv4 | undefined;
  for (let lookups = 0; lookups < MOST_LOOKUPS; lookups++) {
    const free = await facts.leases.nextFree(addresses, nowMs);
    if (free === undefined) break;
    const { address, former } = free;
    if (former === undefined || !(await facts.hostByMac(former.mac))) return address;
    fallback ??= address;
  }
  return fallback;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (const byte of Buffer.from(text)) sum = Math.imul(sum ^ byte, 0x01000193) >>> 0;
  return sum;
}
