import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { sql } from 'kysely';
import type { Lease } from '../../conductor/netboot/facts.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { leaseBook } from '../../conductor/store/leases.ts';
import type { Ipv4 } from '../../conductor/values/ipv4.ts';
import type { Mac } from '../../conductor/values/mac.ts';

const MAC = '52:54:00:12:34:56' as Mac;
const at = (last: number) => `10.0.0.${last}` as Ipv4;

function lease(last: number, change: Partial<Lease> = {}): Lease {
  const base = { mac: MAC, subnet: 's', state: 'bound', expiresAtMs: 1000 } as const;
  return { ...base, address: at(last), ...change };
}

/** What a restart would find. */
async function stored(database: Database): Promise<string[]> {
  const rows = await database.selectFrom('leases').selectAll().orderBy('address').execute();
  return rows.map(({ address, mac, state }) => `${address} ${mac.slice(-2)} ${state}`);
}

test('a lease replaces what stood for its address and for its MAC', async (t) => {
  const database = await openDatabase(':memory:');
  const book = leaseBook(database);
  await book.put(lease(1));
  await book.put(lease(2));
  t.is(await book.byAddress(at(1)), undefined);
  t.is((await book.byMac(MAC, 's'))?.address, at(2));
  t.is(await book.byMac(MAC, 'other'), undefined);
  await book.put(lease(9, { state: 'declined' }));
  t.is((await book.byMac(MAC, 's'))?.address, at(2), 'a declined address is nobody’s');
  t.deepEqual(await stored(database), ['10.0.0.2 56 bound', '10.0.0.9 56 declined']);
  await book.put(lease(2, { mac: '52:54:00:12:34:57' as Mac }));
  t.is(await book.byMac(MAC, 's'), undefined);
  t.deepEqual(await stored(database), ['10.0.0.2 57 bound', '10.0.0.9 56 declined']);
});

test('addresses are gone through to the next that nobody holds', async (t) => {
  const book = leaseBook(await openDatabase(':memory:'));
  await book.put(lease(1));
  await book.put(lease(2, { mac: '52:54:00:12:34:57' as Mac, state: 'released' }));
  const addresses = [1, 2, 3].map(at)[Symbol.iterator]();
  t.is((await book.nextFree(addresses, 999))?.former?.state, 'released');
  t.deepEqual(await book.nextFree(addresses, 999), { address: at(3), former: undefined });
  t.is(await book.nextFree(addresses, 999), undefined);
  t.is((await book.nextFree([at(1)][Symbol.iterator](), 1000))?.address, at(1), 'expired');
});

test('leases that come together are seen at once, written together and found again', async (t) => {
  const database = await openDatabase(':memory:');
  const book = leaseBook(database);
  const macs = Array.from({ length: 200 }, (_, n) => `52:54:00:00:00:${n.toString(16)}` as Mac);
  await book.byAddress(at(0));
  const puts = macs.map((mac, last) => book.put(lease(last, { mac })));
  t.is((await book.byAddress(at(199)))?.mac, macs[199]);
  t.deepEqual(await stored(database), []);
  await Promise.all([...puts, book.put(lease(0, { mac: MAC }))]);
  t.is((await stored(database)).length, 200);
  const again = leaseBook(database);
  t.deepEqual(await again.byAddress(at(199)), lease(199, { mac: macs[199] ?? MAC }));
  t.is((await again.byMac(MAC, 's'))?.address, at(0));
});

test('an offer is known, and takes the place of what was written, but is not written', async (t) => {
  const database = await openDatabase(':memory:');
  const book = leaseBook(database);
  await book.put(lease(1));
  await book.put(lease(2, { state: 'offered' }));
  t.is((await book.byMac(MAC, 's'))?.address, at(2));
  await book.put(lease(7, { mac: '52:54:00:12:34:57' as Mac }));
  t.deepEqual(await stored(database), ['10.0.0.7 57 bound']);
  await book.put(lease(2));
  t.deepEqual(await stored(database), ['10.0.0.2 56 bound', '10.0.0.7 57 bound']);
});

test('a lease that could not be written is not known either', async (t) => {
  const database = await openDatabase(':memory:');
  const book = leaseBook(database);
  await book.put(lease(1));
  const bad = book.put(lease(2, { state: null as never }));
  await t.throwsAsync(bad, { message: /NOT NULL/ });
  t.is((await book.byMac(MAC, 's'))?.address, at(1));
  await book.put(lease(3));
  t.deepEqual(await stored(database), ['10.0.0.3 56 bound']);
});

test('after a write that failed, what waited for it fails and what comes later is written', async (t) => {
  const database = await openDatabase(':memory:');
  const book = leaseBook(database);
  await book.put(lease(1));
  const busy = Promise.withResolvers<void>();
  const other = database.transaction().execute(() => busy.promise);
  const bad = t.throwsAsync(book.put(lease(2, { state: null as never })));
  // Its write waits for the database by now; were it not so, the next would fail with it.
  await delay(20);
  const mac = '52:54:00:12:34:57' as Mac;
  const waited = t.throwsAsync(book.put(lease(3, { mac })), { message: /before these/ });
  busy.resolve();
  await bad;
  await book.put(lease(4, { mac }));
  await waited;
  t.is((await book.byMac(mac, 's'))?.address, at(4));
  t.deepEqual(await stored(database), ['10.0.0.1 56 bound', '10.0.0.4 57 bound']);
  await other;
});

test('leases that could not be read are read when they are asked for again', async (t) => {
  const database = await openDatabase(':memory:');
  await leaseBook(database).put(lease(1));
  const book = leaseBook(database);
  await sql`alter table leases rename to elsewhere`.execute(database);
  await t.throwsAsync(book.byAddress(at(1)), { message: /no such table/ });
  await sql`alter table elsewhere rename to leases`.execute(database);
  t.is((await book.byAddress(at(1)))?.mac, MAC);
});
