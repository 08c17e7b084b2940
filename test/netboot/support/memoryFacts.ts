import type { NewEvent } from '../../../conductor/events/kinds.ts';
import {
  type BootFacts,
  type FreeAddress,
  isLive,
  type KnownHost,
  type Lease,
  type LeaseBook,
  type NetbootFacts,
} from '../../../conductor/netboot/facts.ts';
import type { Ipv4 } from '../../../conductor/values/ipv4.ts';
import type { Mac } from '../../../conductor/values/mac.ts';

/** A machine of the tests: its MAC, who it is, what it boots. */
export type TestMachine = {
  readonly mac: Mac;
  readonly host: KnownHost;
  readonly boot: BootFacts | undefined;
};

/** A lease book that keeps the promises of `LeaseBook`, in memory. */
export class MemoryLeaseBook implements LeaseBook {
  readonly rows = new Map<Ipv4, Lease>();
  writes = 0;

  async byMac(mac: Mac, subnet: string): Promise<Lease | undefined> {
    return this.#ofMachine(mac, subnet);
  }

  async byAddress(address: Ipv4): Promise<Lease | undefined> {
    return this.rows.get(address);
  }

  async nextFree(addresses: Iterator<Ipv4>, nowMs: number): Promise<FreeAddress | undefined> {
    for (let next = addresses.next(); !next.done; next = addresses.next()) {
      const former = this.rows.get(next.value);
      if (former === undefined || !isLive(former, nowMs)) return { address: next.value, former };
    }
    return undefined;
  }

  async put(lease: Lease): Promise<void> {
    const former = this.#ofMachine(lease.mac, lease.subnet);
    if (former !== undefined && lease.state !== 'declined') this.rows.delete(former.address);
    this.rows.set(lease.address, lease);
    this.writes++;
  }

  #ofMachine(mac: Mac, subnet: string): Lease | undefined {
    return [...this.rows.values()].find(
      (row) => row.mac === mac && row.subnet === subnet && row.state !== 'declined',
    );
  }
}

/** Netboot facts over a list of machines; events are kept, and handed to `onEvent`. */
export class MemoryFacts implements NetbootFacts {
  readonly leases = new MemoryLeaseBook();
  readonly events: NewEvent[] = [];
  readonly machines: TestMachine[];
  readonly #onEvent: (event: NewEvent) => void;

  constructor(machines: readonly TestMachine[], onEvent: (event: NewEvent) => void = () => {}) {
    this.machines = [...machines];
    this.#onEvent = onEvent;
  }

  async hostByMac(mac: Mac): Promise<KnownHost | undefined> {
    return this.machines.find((machine) => machine.mac === mac)?.host;
  }

  async bootFactsByMac(mac: Mac): Promise<BootFacts | undefined> {
    return this.machines.find((machine) => machine.mac === mac)?.boot;
  }

  async bootFactsByNode(nodeUuid: string): Promise<BootFacts | undefined> {
    return this.machines.find((machine) => machine.host.nodeUuid === nodeUuid)?.boot;
  }

  observe(event: NewEvent): void {
    this.events.push(event);
    this.#onEvent(event);
  }
}
