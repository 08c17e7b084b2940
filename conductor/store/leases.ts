import { setTimeout as delay } from 'node:timers/promises';
import { type Selectable, sql } from 'kysely';
import type { Lease, LeaseBook } from '../netboot/facts.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import { type Database, inTransaction } from './database.ts';
import { LeaseIndex } from './leaseIndex.ts';
import type { LeasesTable } from './tables.ts';

/** How long leases wait for others to be written with: nothing to a machine, and much to a disk. */
const GATHERED_MS = 2;

function toLease(row: Selectable<LeasesTable>): Lease {
  return {
    ...row,
    address: row.address as Ipv4,
    mac: row.mac as Mac,
    state: row.state as Lease['state'],
  };
}

/**
 * DHCP leases in the database: they survive a restart. The table is read once and then kept in memory,
 * so only one book at a time may write to it. Leases that come together share a transaction, for what
 * makes one durable costs a flush of the disk.
 */
export function leaseBook(database: Database): LeaseBook {
  return new StoredLeases(database);
}

class StoredLeases implements LeaseBook {
  readonly #database: Database;
  #loading: Promise<LeaseIndex> | undefined;
  #index: LeaseIndex | undefined;
  /** Addresses whose row is to be written. */
  #changed = new Set<Ipv4>();
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  async byMac(mac: Mac, subnet: string): Promise<Lease | undefined> {
    return (this.#index ?? (await this.#load())).byMac(mac, subnet);
  }

  async byAddress(address: Ipv4): Promise<Lease | undefined> {
    return (this.#index ?? (await this.#load())).byAddress(address);
  }

  async nextFree(addresses: Iterator<Ipv4>, nowMs: number): ReturnType<LeaseBook['nextFree']> {
    return (this.#index ?? (await this.#load())).nextFree(addresses, nowMs);
  }

  // Up to the first await all happens at once: the next request must see the lease.
  async put(lease: Lease): Promise<void> {
    const index = this.#index ?? (await this.#load());
    for (const address of index.put(lease)) this.#changed.add(address);
    // Nobody uses an address that is only offered; a machine whose offer was forgotten asks again.
    if (lease.state === 'offered') return;
    this.#next ??= this.#commit(index);
    await this.#next;
  }

  #load(): Promise<LeaseIndex> {
    this.#loading ??= this.#database
      .selectFrom('leases')
      .selectAll()
      .execute()
      .then((rows) => (this.#index = new LeaseIndex(rows.map(toLease))));
    return this.#loading;
  }

  async #commit(index: LeaseIndex): Promise<void> {
    await Promise.allSettled([this.#writing, delay(GATHERED_MS)]);
    this.#writing = this.#next ?? this.#writing;
    this.#next = undefined;
    const changed = [...this.#changed];
    this.#changed = new Set();
    try {
      if (index !== this.#index) throw new Error('The leases before these could not be written.');
      await write(this.#database, index, changed);
    } catch (error) {
      // Memory must not know of leases that a restart forgets.
      if (index === this.#index) this.#index = this.#loading = undefined;
      throw error;
    }
  }
}

/** Lists go as one JSON value each: the statements stay the same, however many leases there are. */
async function write(database: Database, index: LeaseIndex, changed: readonly Ipv4[]) {
  const rows = changed
    .map((address) => index.byAddress(address))
    .filter((lease) => lease !== undefined && lease.state !== 'offered');
  const kept = new Set(rows.map((lease) => lease?.address));
  const gone = changed.filter((address) => !kept.has(address));
  await inTransaction(database, async (trx) => {
    if (gone.length > 0)
      await sql`delete from leases where address in (select value from json_each(${JSON.stringify(gone)}))`.execute(
        trx,
      );
    await sql`
      insert or replace into leases (address, mac, subnet, state, expires_at_ms)
      select value ->> 'address', value ->> 'mac', value ->> 'subnet', value ->> 'state',
        value ->> 'expiresAtMs' from json_each(${JSON.stringify(rows)})`.execute(trx);
  });
}
