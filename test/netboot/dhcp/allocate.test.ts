import test from 'ava';
import { candidates, freeAddress } from '../../../conductor/netboot/dhcp/allocate.ts';
import { dhcpConfig } from '../../../conductor/netboot/dhcp/config.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { ip, NOW_MS, OPTIONS } from '../support/dhcp.ts';
import { machine, MAC } from '../support/machines.ts';
import { MemoryFacts } from '../support/memoryFacts.ts';

const [LOCAL] = dhcpConfig(OPTIONS).subnets;
if (LOCAL === undefined) throw new Error('no subnet');

test('candidates: each address of the range once, none that is reserved', (t) => {
  const range = { ...LOCAL, rangeStart: 0xc0000200, rangeEnd: 0xc00002ff };
  const all = [...candidates(range, MAC)];
  t.is(all.length, 256 - 4);
  t.is(new Set(all).size, all.length);
  for (const never of ['192.0.2.0', '192.0.2.1', '192.0.2.254', '192.0.2.255'])
    t.false(all.includes(ip(never)));
  t.deepEqual(all, [...candidates(range, MAC)]);
});

test('an address that a known node held comes last, however long ago', async (t) => {
  const facts = new MemoryFacts([machine()]);
  const addresses = ['192.0.2.10', '192.0.2.11', '192.0.2.12'].map(ip);
  const [first = ip('')] = addresses;
  const old = { mac: MAC, subnet: LOCAL.name, state: 'released', expiresAtMs: 0 } as const;
  await facts.leases.put({ ...old, address: first });
  const got = new Set<string>();
  for (let count = 0; count < 3; count++) {
    const mac = `52:54:00:00:01:0${count}` as Mac;
    const address = await freeAddress(LOCAL, mac, facts, NOW_MS);
    if (address === undefined) throw new Error('no address');
    if (count < 2) t.not(address, first);
    else t.is(address, first);
    got.add(address);
    await facts.leases.put({
      address,
      mac,
      subnet: LOCAL.name,
      state: 'bound',
      expiresAtMs: NOW_MS + 1,
    });
  }
  t.is(got.size, 3);
  t.is(await freeAddress(LOCAL, '52:54:00:00:01:09' as Mac, facts, NOW_MS), undefined);
});
