import test from 'ava';
import { OPTION } from '../../../conductor/netboot/dhcp/codes.ts';
import type { DhcpDecision } from '../../../conductor/netboot/dhcp/decide.ts';
import { ipv4Bytes, readIpv4, readText } from '../../../conductor/netboot/dhcp/options.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { answer, ip, message, NOW_MS, OPTIONS, request, SERVER } from '../support/dhcp.ts';
import { bootFacts, machine, MAC, NODE } from '../support/machines.ts';
import { MemoryFacts } from '../support/memoryFacts.ts';

const OS_MAC = '52:54:00:00:00:77' as Mac;
const DISCOVER = ['udhcpc', 0] as const;

function outline({ reply, leases, events }: DhcpDecision): unknown {
  return {
    reply: reply && [reply.packet.type, reply.toAddress, reply.toPort, reply.packet.yiaddr],
    leases: leases.map(({ state, address }) => [state, address]),
    events: events.map(({ kind }) => kind),
  };
}

/** Facts in which `mac` went through DISCOVER and REQUEST; also the address it got. */
async function leased(facts = new MemoryFacts([]), mac = OS_MAC) {
  const offer = await answer(message(DISCOVER, { mac }), facts);
  const address = offer.reply?.packet.yiaddr ?? ip('0.0.0.0');
  const ack = await answer(request({ requested: address, server: SERVER }, { mac }), facts);
  return { facts, address, offer, ack };
}

test('DISCOVER, REQUEST: an address, the subnet’s options, a bound lease', async (t) => {
  const { facts, address, offer, ack } = await leased();
  t.deepEqual(outline(offer), {
    reply: ['offer', '255.255.255.255', 'client', address],
    leases: [['offered', address]],
    events: ['dhcp.discover', 'dhcp.offer'],
  });
  t.deepEqual(outline(ack), {
    reply: ['ack', '255.255.255.255', 'client', address],
    leases: [['bound', address]],
    events: ['dhcp.ack'],
  });
  const options = ack.reply?.packet.options ?? new Map<number, Uint8Array>();
  const address4 = (code: number) => readIpv4(options.get(code));
  t.is(address4(OPTION.netmask), ip('255.255.255.0'));
  t.is(address4(OPTION.router), ip('192.0.2.254'));
  t.is(address4(OPTION.dns), ip('192.0.2.53'));
  t.is(address4(OPTION.broadcast), ip('192.0.2.255'));
  t.is(address4(OPTION.serverId), SERVER);
  t.is(readText(options.get(OPTION.domain)), 'lab.test');
  const seconds = (code: number) => Buffer.from(options.get(code) ?? []).readUInt32BE();
  t.deepEqual(
    [OPTION.leaseSeconds, OPTION.renewalSeconds, OPTION.rebindingSeconds].map(seconds),
    [600, 300, 525],
  );
  t.is((await facts.leases.byAddress(address))?.expiresAtMs, NOW_MS + 600_000);
  t.false(options.has(OPTION.bootFile));
  t.is(ack.reply?.packet.file, '');
});

test('REQUEST, by the client’s state (RFC 2131 §4.3.2)', async (t) => {
  const { facts, address: own } = await leased();
  const other = (await leased(facts, '52:54:00:00:00:78' as Mac)).address;
  const free =
    ['192.0.2.10', '192.0.2.11', '192.0.2.12'].find((a) => a !== own && a !== other) ?? '';
  const stranger = '52:54:00:00:00:79' as Mac;
  const everyone = '255.255.255.255';
  const cases: [string, Parameters<typeof request>[0], Mac, unknown[] | undefined][] = [
    ['selecting us', { requested: own, server: SERVER }, OS_MAC, ['ack', everyone, 'client', own]],
    [
      'selecting us, other address',
      { requested: other, server: SERVER },
      OS_MAC,
      ['nak', everyone, 'client', '0.0.0.0'],
    ],
    ['selecting another server', { requested: own, server: '192.0.2.9' }, OS_MAC, undefined],
    ['init-reboot', { requested: own }, OS_MAC, ['ack', everyone, 'client', own]],
    [
      'init-reboot, wrong address',
      { requested: free },
      OS_MAC,
      ['nak', everyone, 'client', '0.0.0.0'],
    ],
    [
      'init-reboot, other network',
      { requested: '203.0.113.4' },
      OS_MAC,
      ['nak', everyone, 'client', '0.0.0.0'],
    ],
    ['init-reboot, no record', { requested: free }, stranger, undefined],
    [
      'init-reboot, somebody else’s',
      { requested: own },
      stranger,
      ['nak', everyone, 'client', '0.0.0.0'],
    ],
    ['renewing', { ciaddr: own }, OS_MAC, ['ack', own, 'client', own]],
    ['renewing somebody else’s', { ciaddr: other }, OS_MAC, ['nak', everyone, 'client', '0.0.0.0']],
    ['neither option nor ciaddr', {}, OS_MAC, undefined],
    [
      'ciaddr of another machine',
      { requested: own, ciaddr: other },
      OS_MAC,
      ['ack', everyone, 'client', own],
    ],
    [
      'relayed, other network',
      { requested: own, giaddr: '198.51.100.1' },
      OS_MAC,
      ['nak', '198.51.100.1', 'server', '0.0.0.0'],
    ],
    [
      'selecting us, the offer is forgotten and somebody else’s',
      { requested: own, server: SERVER },
      stranger,
      ['nak', everyone, 'client', '0.0.0.0'],
    ],
    [
      'selecting us, the offer is forgotten and of no range',
      { requested: '192.0.2.200', server: SERVER },
      stranger,
      ['nak', everyone, 'client', '0.0.0.0'],
    ],
    [
      'selecting us, the offer is forgotten',
      { requested: free, server: SERVER },
      stranger,
      ['ack', everyone, 'client', free],
    ],
  ];
  for (const [name, fields, mac, expected] of cases) {
    const { reply } = await answer(request(fields, { mac }), facts);
    t.deepEqual(
      reply && [reply.packet.type, reply.toAddress, reply.toPort, reply.packet.yiaddr],
      expected,
      name,
    );
    if (reply?.packet.type === 'nak')
      t.is(reply.packet.flags >> 15, fields.giaddr === undefined ? 0 : 1, name);
  }
});

test('an offer that the client did not take is free again', async (t) => {
  const facts = new MemoryFacts([]);
  const { reply } = await answer(message(DISCOVER), facts);
  const address = reply?.packet.yiaddr ?? '';
  const other = await answer(request({ requested: address, server: '192.0.2.9' }), facts);
  const events = ['dhcp.foreign'];
  t.deepEqual(outline(other), { reply: undefined, leases: [['released', address]], events });
});

test('a lease outlives an OFFER: a second DISCOVER does not shorten it', async (t) => {
  const { facts, address } = await leased();
  const again = await answer(message(DISCOVER), facts, OPTIONS, NOW_MS + 1000);
  t.is(again.reply?.packet.yiaddr, address);
  t.deepEqual(again.leases, []);
});

test('RELEASE keeps the address in mind; DECLINE puts it aside for a time', async (t) => {
  const { facts, address } = await leased();
  const release = message(['udhcpc', 3], { ciaddr: address });
  t.deepEqual(outline(await answer(release, facts)), {
    reply: undefined,
    leases: [['released', address]],
    events: ['dhcp.release'],
  });
  t.is((await leased(facts)).address, address);
  const decline = message(['udhcpc', 1], { type: 'decline' }, { 50: ipv4Bytes(address) });
  t.deepEqual(outline(await answer(decline, facts)), {
    reply: undefined,
    leases: [['declined', address]],
    events: ['dhcp.decline'],
  });
  const second = await leased(facts);
  t.not(second.address, address);
  const third = await leased(facts, '52:54:00:00:00:78' as Mac);
  t.not(third.address, address);
  const wish = message(DISCOVER, { mac: '52:54:00:00:00:79' as Mac });
  t.is((await answer(wish, facts)).reply, undefined, 'three addresses: two leased, one aside');
  const later = await answer(wish, facts, OPTIONS, NOW_MS + 600_001);
  t.is(later.reply?.packet.type, 'offer');
});

test('RELEASE and DECLINE of an address that is not the machine’s change nothing', async (t) => {
  const { facts, address } = await leased();
  const thief = { mac: '52:54:00:00:00:78' as Mac };
  const release = message(['udhcpc', 3], { ciaddr: address, ...thief });
  const decline = message(['udhcpc', 1], { type: 'decline', ...thief }, { 50: ipv4Bytes(address) });
  for (const packet of [release, decline])
    t.deepEqual(outline(await answer(packet, facts)), { reply: undefined, leases: [], events: [] });
});

test('INFORM: options to the client’s own address, no lease', async (t) => {
  const inform = request({ ciaddr: '192.0.2.77' }, { type: 'inform' });
  const { reply, leases } = await answer(inform, new MemoryFacts([]));
  t.deepEqual(
    [reply?.packet.type, reply?.toAddress, reply?.packet.yiaddr],
    ['ack', '192.0.2.77', '0.0.0.0'],
  );
  t.false(reply?.packet.options.has(OPTION.leaseSeconds));
  t.deepEqual(leases, []);
  t.is((await answer(request({}, { type: 'inform' }), new MemoryFacts([]))).reply, undefined);
});

test('through a relay: its subnet, its URLs, back to its port 67, option 82 echoed', async (t) => {
  const facts = new MemoryFacts([machine({ ipxe: true })]);
  const circuit = Uint8Array.of(1, 3, 101, 116, 104);
  const relayed = message(
    ['ipxe-rom', 0],
    { giaddr: ip('198.51.100.1') },
    { [OPTION.relayAgent]: circuit },
  );
  const { reply } = await answer(relayed, facts);
  t.deepEqual([reply?.toAddress, reply?.toPort], ['198.51.100.1', 'server']);
  t.is(reply?.packet.giaddr, ip('198.51.100.1'));
  t.regex(reply?.packet.yiaddr ?? '', /^198\.51\.100\.(1\d|20)$/);
  t.is(reply?.packet.file, 'http://198.51.100.5/boot.ipxe');
  t.is(reply?.packet.siaddr, ip('198.51.100.5'));
  t.deepEqual(reply?.packet.options.get(OPTION.relayAgent), circuit);
});

test('a relay with one address for many networks names the client’s; the answer goes to the relay', async (t) => {
  const fabric = ip('192.0.2.200');
  const select = (...link: number[]) => Uint8Array.of(1, 2, 104, 105, 5, link.length, ...link);
  const relayed = (agent: Uint8Array) =>
    message(DISCOVER, { giaddr: fabric }, { [OPTION.relayAgent]: agent });
  const agent = select(198, 51, 100, 0);
  const { reply } = await answer(relayed(agent), new MemoryFacts([]));
  t.regex(reply?.packet.yiaddr ?? '', /^198\.51\.100\./);
  t.deepEqual([reply?.toAddress, reply?.toPort], [fabric, 'server']);
  t.deepEqual(reply?.packet.options.get(OPTION.relayAgent), agent);
  for (const broken of [select(198, 51, 100), Uint8Array.of(5, 4, 198), Uint8Array.of(5)]) {
    const own = await answer(relayed(broken), new MemoryFacts([]));
    t.regex(own.reply?.packet.yiaddr ?? '', /^192\.0\.2\./, 'giaddr says it then');
  }
});

test('a renewal from a relayed subnet comes without the relay', async (t) => {
  const facts = new MemoryFacts([]);
  const relay = { giaddr: ip('198.51.100.1') };
  const offer = await answer(message(DISCOVER, relay), facts);
  const own = offer.reply?.packet.yiaddr ?? '';
  await answer(request({ requested: own, server: SERVER, ...relay }), facts);
  const renewal = await answer(request({ ciaddr: own }), facts);
  t.deepEqual([renewal.reply?.packet.type, renewal.reply?.toAddress], ['ack', ip(own)]);
});

test('boot files by firmware, user class, node and facts', async (t) => {
  const bios = { [OPTION.userClass]: undefined, [OPTION.ipxe]: undefined };
  const nothing = machine({ boot: undefined });
  const cases = [
    ['iPXE ROM, pxelinux node', ['ipxe-rom', 0], {}, machine(), 'pxelinux.0'],
    ['plain BIOS, pxelinux node', ['ipxe-rom', 0], bios, machine(), 'pxelinux.0'],
    [
      'iPXE ROM, iPXE node',
      ['ipxe-rom', 0],
      {},
      machine({ ipxe: true }),
      'http://192.0.2.1:8080/boot.ipxe',
    ],
    [
      'undionly.kpxe, iPXE node',
      ['undionly', 0],
      {},
      machine({ ipxe: true }),
      'http://192.0.2.1:8080/boot.ipxe',
    ],
    ['plain BIOS, iPXE node', ['ipxe-rom', 0], bios, machine({ ipxe: true }), 'undionly.kpxe'],
    ['UEFI, GRUB node', ['ovmf', 0], {}, machine(), 'bootx64.efi'],
    ['U-Boot for an EFI program', ['uboot', 2], {}, machine(), 'bootx64.efi'],
    ['UEFI, iPXE node', ['ovmf', 0], {}, machine({ ipxe: true }), 'snponly.efi'],
    ['nothing to boot', ['ipxe-rom', 0], {}, nothing, undefined],
    ['unknown machine', ['ipxe-rom', 0], {}, machine({ mac: OS_MAC }), undefined],
    ['operating system', ['udhcpc', 0], {}, machine({ mac: OS_MAC }), undefined],
  ] as const;
  for (const [name, vector, options, known, file] of cases) {
    const { reply, events } = await answer(message(vector, {}, options), new MemoryFacts([known]));
    const sent = reply?.packet;
    t.is(readText(sent?.options.get(OPTION.bootFile)), file, name);
    t.is(sent?.file, file ?? '', name);
    t.is(sent?.siaddr, file === undefined ? ip('0.0.0.0') : SERVER, name);
    t.is(
      readText(sent?.options.get(OPTION.vendorClass)),
      file === undefined ? undefined : 'PXEClient',
      name,
    );
    const isIpxe = !['ovmf', 'uboot'].includes(vector[0]) && options !== bios;
    t.is(sent?.options.has(OPTION.ipxe), file !== undefined && isIpxe, name);
    t.is(typeof events[1]?.data?.[file === undefined ? 'noBootFile' : 'bootFile'], 'string', name);
  }
});

test('machine UUID and client identifier are echoed; the lease goes by MAC all the same', async (t) => {
  const facts = new MemoryFacts([machine()]);
  const firmware = await answer(message(['ipxe-rom', 0]), facts);
  const sent = message(['ipxe-rom', 0]).options;
  for (const code of [OPTION.clientId, OPTION.machineUuid])
    t.deepEqual(firmware.reply?.packet.options.get(code), sent.get(code));
  const duid = { [OPTION.clientId]: Uint8Array.of(255, 0, 0, 0, 1, 0, 2, 9, 9) };
  const os = await answer(message(DISCOVER, { mac: MAC }, duid), facts);
  t.is(os.reply?.packet.yiaddr, firmware.reply?.packet.yiaddr);
  t.is(os.events[0]?.nodeUuid, NODE);
});

test('unknown machines are ignored in every message when the configuration says so', async (t) => {
  const strict = { ...OPTIONS, unknownMachines: 'ignore' } as const;
  for (const [packet, events] of [
    [message(DISCOVER), []],
    [message(['ipxe-rom', 0]), ['dhcp.unknown']],
    [request({ requested: '192.0.2.10', server: SERVER }), []],
    [request({ ciaddr: '192.0.2.10' }, { type: 'inform' }), []],
  ] as const)
    t.deepEqual(outline(await answer(packet, new MemoryFacts([]), strict)), {
      reply: undefined,
      leases: [],
      events,
    });
});

test('the host name is sent when it is one', async (t) => {
  const host = (hostname: string) => machine({ host: { nodeUuid: NODE, hostname, ipxe: false } });
  const sent = async (hostname: string) => {
    const { reply } = await answer(message(['ipxe-rom', 0]), new MemoryFacts([host(hostname)]));
    return readText(reply?.packet.options.get(OPTION.hostname));
  };
  t.is(await sent('rack-1'), 'rack-1');
  t.is(await sent('bad name'), undefined);
});

test('replies and server messages are not answered', async (t) => {
  const facts = new MemoryFacts([]);
  for (const type of ['offer', 'ack', 'nak'] as const)
    t.is((await answer(message(DISCOVER, { type }), facts)).reply, undefined);
  t.is((await answer(message(DISCOVER, { op: 'reply' }), facts)).reply, undefined);
});

test('a long URL travels in option 67 only', async (t) => {
  const [subnet] = OPTIONS.subnets;
  if (subnet === undefined) throw new Error('no subnet');
  const long = `http://${'a'.repeat(130)}.test`;
  const options = { ...OPTIONS, subnets: [{ ...subnet, httpUrl: long }] };
  const facts = new MemoryFacts([{ ...machine({ ipxe: true }), boot: bootFacts() }]);
  const { reply } = await answer(message(['ipxe-rom', 0]), facts, options);
  t.is(reply?.packet.file, '');
  t.is(readText(reply?.packet.options.get(OPTION.bootFile)), `${long}/boot.ipxe`);
});
