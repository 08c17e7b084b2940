import { isLive, type FreeAddress, type Lease } from '../netboot/facts.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';

/** Leases in memory, by address and by machine. */
export class LeaseIndex {
  readonly #byAddress = new Map<Ipv4, Lease>();
  /** Where the lease of a MAC in a subnet is; a declined one is its address's alone. */
  readonly #addressOf = new Map<string, Ipv4>();

  constructor(leases: readonly Lease[]) {
    for (const lease of leases) this.put(lease);
  }

  byMac(mac: Mac, subnet: string): Lease | undefined {
    const address = this.#addressOf.get(keyOf({ mac, subnet }));
    return address && this.#byAddress.get(address);
  }

  byAddress(address: Ipv4): Lease | undefined {
    return this.#byAddress.get(address);
  }

  nextFree(addresses: Iterator<Ipv4>, nowMs: number): FreeAddress | undefined {
    for (let next = addresses.next(); !next.done; next = addresses.next()) {
      const former = this.#byAddress.get(next.value);
      if (former === undefined || !isLive(former, nowMs)) return { address: next.value, former };
    }
    return undefined;
  }

  /** @returns the addresses whose lease is another now, or none */
  put(lease: Lease): readonly Ipv4[] {
    const { address } = lease;
    this.#remove(address);
    const moved = lease.state === 'declined' ? undefined : this.#addressOf.get(keyOf(lease));
    if (moved !== undefined) this.#remove(moved);
    this.#byAddress.set(address, lease);
    if (lease.state !== 'declined') this.#addressOf.set(keyOf(lease), address);
    return moved === undefined ? [address] : [moved, address];
  }

  #remove(address: Ipv4): void {
    const lease = this.#byAddress.get(address);
    if (lease === undefined) return;
    this.#byAddress.delete(address);
    if (lease.state !== 'declined') this.#addressOf.delete(keyOf(lease));
  }
}

function keyOf({ mac, subnet }: Pick<Lease, 'mac' | 'subnet'>): string {
  return `${mac} ${subnet}`;
}
