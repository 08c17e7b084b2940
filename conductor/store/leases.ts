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

/** The leases as they were read, and what became of them since. A failed write ends it. */
type Edition = {
  readonly index: LeaseIndex;
  /** Addresses whose row is to be written. */
  changed: Set<Ipv4>;
  /** The write that has not begun: what is put now goes with it. */
  next: Promise<void> | undefined;
};

/** The MAC that an address was leased to last; `undefined` when the address was never leased. */
export async function leaseholderOf(database: Database, address: string): Promise<Mac | undefined> {
  const row = await database
    .selectFrom('leases')
    .select('mac')
    .where('address', '=', address)
    .where('state', '=', 'bound')
    .executeTakeFirst();
  return row?.mac as Mac | undefined;
}

class StoredLeases implements LeaseBook {
  readonly #database: Database;
  #edition: Edition | undefined;
  #loading: Promise<Edition> | undefined;
  /** The last write that was asked for; they follow one another. */
  #writing: Promise<void> = Promise.resolve();

  constructor(database: Database) {
    this.#database = database;
  }

  async byMac(mac: Mac, subnet: string): Promise<Lease | undefined> {
    return (this.#edition ?? (await this.#load())).index.byMac(mac, subnet);
  }

  async byAddress(address: Ipv4): Promise<Lease | undefined> {
    return (this.#edition ?? (await this.#load())).index.byAddress(address);
  }

  async nextFree(addresses: Iterator<Ipv4>, nowMs: number): ReturnType<LeaseBook['nextFree']> {
    return (this.#edition ?? (await this.#load())).index.nextFree(addresses, nowMs);
  }

  // Up to the first await all happens at once: the next request must see the lease.
  async put(lease: Lease): Promise<void> {
    const edition = this.#edition ?? (await this.#load());
    for (const address of edition.index.put(lease)) edition.changed.add(address);
    // Nobody uses an address that is only offered; a machine whose offer was forgotten asks again.
    if (lease.state === 'offered') return;
    this.#writing = edition.next ??= this.#commit(edition, this.#writing);
    await edition.next;
  }

  /** A read that failed is tried again by whoever asks next. */
  #load(): Promise<Edition> {
    this.#loading ??= this.#read().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #read(): Promise<Edition> {
    const rows = await this.#database.selectFrom('leases').selectAll().execute();
    const index = new LeaseIndex(rows.map(toLease));
    return (this.#edition = { index, changed: new Set(), next: undefined });
  }

  async #commit(edition: Edition, before: Promise<void>): Promise<void> {
    await Promise.allSettled([before, delay(GATHERED_MS)]);
    const { index, changed } = edition;
    edition.next = undefined;
    edition.changed = new Set();
    try {
      if (edition !== this.#edition)
        throw new Error('The leases before these could not be written.');
      await write(this.#database, index, [...changed]);
    } catch (error) {
      // Memory must not know of leases that a restart forgets.
      if (edition === this.#edition) this.#edition = undefined;
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
