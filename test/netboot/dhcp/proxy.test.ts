import test from 'ava';
import { OPTION } from '../../../conductor/netboot/dhcp/codes.ts';
import { dhcpConfig } from '../../../conductor/netboot/dhcp/config.ts';
import type { DhcpDecision } from '../../../conductor/netboot/dhcp/decide.ts';
import { lookUp } from '../../../conductor/netboot/dhcp/lookup.ts';
import { ipv4Bytes, readText } from '../../../conductor/netboot/dhcp/options.ts';
import type { DhcpPacket } from '../../../conductor/netboot/dhcp/packet.ts';
import { decideProxy } from '../../../conductor/netboot/dhcp/proxy.ts';
import { subnetOf } from '../../../conductor/netboot/dhcp/subnet.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { ip, message, NOW_MS, OPTIONS } from '../support/dhcp.ts';
import { machine, MAC, NODE } from '../support/machines.ts';
import { MemoryFacts } from '../support/memoryFacts.ts';

const STRANGER = '52:54:00:00:00:99' as Mac;

async function decided(
  packet: DhcpPacket,
  facts: MemoryFacts,
  at: 'server' | 'bootServer' = 'server',
): Promise<DhcpDecision> {
  const config = dhcpConfig({ ...OPTIONS, mode: 'proxy' });
  const subnet = subnetOf(packet, config);
  if (subnet === undefined) throw new Error('no subnet');
  const decision = decideProxy(packet, await lookUp(packet, subnet, config, facts, NOW_MS), at);
  for (const lease of decision.leases) await facts.leases.put(lease);
  return decision;
}

/** A broadcast REQUEST for an address that another server offered. */
function taking(address: string, mac = MAC): DhcpPacket {
  const options = {
    [OPTION.requestedAddress]: ipv4Bytes(ip(address)),
    [OPTION.serverId]: ipv4Bytes(ip('192.0.2.250')),
  };
  return message(['ipxe-rom', 1], { mac }, options);
}

test('an offer has a boot file and never an address', async (t) => {
  const facts = new MemoryFacts([machine()]);
  const { reply, leases, events } = await decided(message(['ovmf', 0]), facts);
  t.like(reply?.packet, { type: 'offer', yiaddr: ip('0.0.0.0'), file: 'snponly.efi' });
  t.is(reply?.toAddress, ip('255.255.255.255'));
  const sent = reply?.packet.options;
  t.is(readText(sent?.get(OPTION.vendorClass)), 'PXEClient');
  for (const code of [OPTION.leaseSeconds, OPTION.netmask, OPTION.router, OPTION.dns])
    t.false(sent?.has(code), String(code));
  t.deepEqual(leases, []);
  t.deepEqual(
    events.map(({ kind, nodeUuid }) => [kind, nodeUuid]),
    [
      ['dhcp.discover', NODE],
      ['dhcp.offer', NODE],
    ],
  );
});

test('strangers, operating systems and machines with nothing to boot are left alone', async (t) => {
  const cases: [DhcpPacket, MemoryFacts, number][] = [
    // An unknown machine that wants to boot is told of: its port may have another MAC.
    [message(['ovmf', 0]), new MemoryFacts([]), 1],
    [message(['udhcpc', 0], { mac: STRANGER }), new MemoryFacts([]), 0],
    [message(['udhcpc', 0], { mac: MAC }), new MemoryFacts([machine()]), 0],
    [message(['ovmf', 0]), new MemoryFacts([machine({ boot: undefined })]), 1],
  ];
  for (const [packet, facts, events] of cases) {
    const decision = await decided(packet, facts);
    t.is(decision.reply, undefined);
    t.is(decision.events.length, events);
  }
});

test('the boot server answers requests of known machines only', async (t) => {
  const asks = message(['ovmf', 0], { type: 'request', ciaddr: ip('192.0.2.77') });
  const { reply } = await decided(asks, new MemoryFacts([machine()]), 'bootServer');
  t.like(reply?.packet, { type: 'ack', file: 'snponly.efi', yiaddr: ip('0.0.0.0') });
  t.is((await decided(asks, new MemoryFacts([]), 'bootServer')).reply, undefined);
  const discover = message(['ovmf', 0]);
  t.is((await decided(discover, new MemoryFacts([machine()]), 'bootServer')).reply, undefined);
});

test('whose an address is, is seen from REQUESTs; strangers fill no book', async (t) => {
  const facts = new MemoryFacts([machine()]);
  const { reply } = await decided(taking('192.0.2.77'), facts);
  t.is(reply, undefined, 'the other server answers');
  t.is((await facts.leases.byAddress(ip('192.0.2.77')))?.mac, MAC);
  await decided(taking('192.0.2.78', STRANGER), facts);
  t.is(await facts.leases.byAddress(ip('192.0.2.78')), undefined);
  await decided(taking('192.0.2.77', STRANGER), facts);
  t.is((await facts.leases.byAddress(ip('192.0.2.77')))?.mac, STRANGER, 'it is no longer ours');
  await decided(taking('203.0.113.1'), facts);
  t.is(await facts.leases.byAddress(ip('203.0.113.1')), undefined);
});
