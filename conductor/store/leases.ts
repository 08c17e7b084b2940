import type { Selectable } from 'kysely';
import type { Lease, LeaseBook } from '../netboot/facts.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';
import { type Database, inTransaction } from './database.ts';
import type { LeasesTable } from './tables.ts';

function toLease(row: Selectable<LeasesTable>): Lease {
  return {
    ...row,
    address: row.address as Ipv4,
    mac: row.mac as Mac,
    state: row.state as Lease['state'],
  };
}

/** DHCP leases in the database: they survive a restart. */
export function leaseBook(database: Database): LeaseBook {
  const leases = () => database.selectFrom('leases').selectAll();
  return {
    async byMac(mac, subnet) {
      const found = leases().where('mac', '=', mac).where('subnet', '=', subnet);
      const row = await found.where('state', '!=', 'declined').executeTakeFirst();
      return row && toLease(row);
    },
    async byAddress(address) {
      const row = await leases().where('address', '=', address).executeTakeFirst();
      return row && toLease(row);
    },
    async live(subnet, nowMs) {
      const rows = await leases()
        .where('subnet', '=', subnet)
        .where('state', '!=', 'released')
        .where('expiresAtMs', '>', nowMs)
        .execute();
      return rows.map(toLease);
    },
    async put(lease) {
      await inTransaction(database, async (trx) => {
        await trx.deleteFrom('leases').where('address', '=', lease.address).execute();
        if (lease.state !== 'declined')
          await trx
            .deleteFrom('leases')
            .where('mac', '=', lease.mac)
            .where('subnet', '=', lease.subnet)
            .where('state', '!=', 'declined')
            .execute();
        await trx.insertInto('leases').values(lease).execute();
      });
    },
  };
}
