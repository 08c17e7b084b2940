import type { NewEvent } from '../../../conductor/events/kinds.ts';
import type {
  BootFacts,
  KnownHost,
  Lease,
  LeaseBook,
  NetbootFacts,
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
    return this.#all().find(
      (row) => row.mac === mac && row.subnet === subnet && row.state !== 'declined',
    );
  }

  async byAddress(address: Ipv4): Promise<Lease | undefined> {
    return this.rows.get(address);
  }

  async live(subnet: string, nowMs: number): Promise<readonly Lease[]> {
    return this.#all().filter(
      (row) => row.subnet === subnet && row.state !== 'released' && row.expiresAtMs > nowMs,
    );
  }

  async put(lease: Lease): Promise<void> {
    const former = await this.byMac(lease.mac, lease.subnet);
    if (former !== undefined && lease.state !== 'declined') this.rows.delete(former.address);
    this.rows.set(lease.address, lease);
    this.writes++;
  }

  #all(): Lease[] {
    return [...this.rows.values()];
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
