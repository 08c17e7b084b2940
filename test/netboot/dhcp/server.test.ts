import dgram from 'node:dgram';
import { once } from 'node:events';
import test from 'ava';
import type { NewEvent } from '../../../conductor/events/kinds.ts';
import { startDhcp } from '../../../conductor/netboot/dhcp/server.ts';
import { decodePacket, encodePacket } from '../../../conductor/netboot/dhcp/packet.ts';
import type { DhcpOptions } from '../../../conductor/netboot/dhcp/config.ts';
import { ip, message } from '../support/dhcp.ts';
import { machine } from '../support/machines.ts';
import { MemoryFacts } from '../support/memoryFacts.ts';
import { mutated, randomBytes, seeded } from '../support/random.ts';
import { captured, DIALOGUES } from '../support/vectors.ts';

/** On loopback, requests come through a relay at 127.0.0.2, so that replies are unicast. */
const RELAY = ip('127.0.0.2');
const OPTIONS: DhcpOptions = {
  listenAddress: ip('0.0.0.0'),
  listenPort: 0,
  serverAddress: ip('127.0.0.1'),
  unknownMachines: 'answer',
  subnets: [
    {
      cidr: '127.0.0.0/24',
      rangeStart: ip('127.0.0.100'),
      rangeEnd: ip('127.0.0.200'),
      dns: [],
      leaseSeconds: 600,
    },
  ],
};

async function boundSocket(address: string, listenPort: number): Promise<dgram.Socket> {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
  socket.bind(listenPort, address);
  await once(socket, 'listening');
  return socket;
}

test.serial('serves through a relay, and goes on after noise and failing lookups', async (t) => {
  const facts = new MemoryFacts([machine()]);
  const errors: unknown[] = [];
  await using server = await startDhcp(OPTIONS, facts, { onError: (error) => errors.push(error) });
  const relay = await boundSocket(RELAY, server.listenPort);
  t.teardown(() => relay.close());
  const send = (bytes: Buffer) => relay.send(bytes, server.listenPort, '127.0.0.1');
  const exchange = async () => {
    const reply = once(relay, 'message') as Promise<[Buffer, dgram.RemoteInfo]>;
    send(encodePacket(message(['ipxe-rom', 0], { giaddr: RELAY })));
    const [bytes, from] = await reply;
    return { packet: decodePacket(bytes), from };
  };

  const { packet, from } = await exchange();
  t.is(typeof packet === 'string' ? packet : packet.file, 'pxelinux.0');
  t.deepEqual([from.address, from.port], ['127.0.0.1', server.listenPort]);

  const random = seeded(53);
  const good = DIALOGUES.flatMap((name) => captured(name));
  for (let round = 0; round < 2000; round++) {
    const { bytes } = good[random(good.length)] ?? { bytes: Buffer.of() };
    send(random(2) === 0 ? randomBytes(random(700), random) : mutated(bytes, random));
    if (round % 50 === 0) await new Promise(setImmediate);
  }
  send(Buffer.of());
  const bootFactsByMac = facts.bootFactsByMac.bind(facts);
  facts.bootFactsByMac = async () => Promise.reject(new Error('the database is away'));
  send(encodePacket(message(['ipxe-rom', 0], { giaddr: RELAY })));
  while (errors.length === 0) await new Promise(setImmediate);
  facts.bootFactsByMac = bootFactsByMac;
  relay.removeAllListeners('message');
  const after = await exchange();
  t.is(typeof after.packet, 'object');
  t.is(server.counters.failed, errors.length);
  t.true(Object.values(server.counters.malformed).reduce((a, b) => a + b, 0) > 500);
});

test.serial('a relay of no configured subnet is told of, not answered', async (t) => {
  const told = Promise.withResolvers<NewEvent>();
  const facts = new MemoryFacts([machine()], told.resolve);
  await using server = await startDhcp(OPTIONS, facts);
  const relay = await boundSocket(RELAY, server.listenPort);
  t.teardown(() => relay.close());
  const packet = message(['ipxe-rom', 0], { giaddr: ip('203.0.113.1') });
  relay.send(encodePacket(packet), server.listenPort, '127.0.0.1');
  const { message: text, data } = await told.promise;
  t.regex(text, /no subnet is configured for the relay 203\.0\.113\.1/);
  // By this it counts as a machine that came to boot, and not as one that booted another system.
  t.regex(String(data?.['vendorClass']), /^PXEClient/);
  t.deepEqual([server.counters.homeless, server.counters.replied], [1, 0]);
});

test.serial('two machines that ask at once get two addresses', async (t) => {
  const facts = new MemoryFacts([]);
  const nextFree = facts.leases.nextFree.bind(facts.leases);
  // A database takes its time: the next request arrives before the answer.
  facts.leases.nextFree = async (...args) => {
    const found = await nextFree(...args);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    return found;
  };
  await using server = await startDhcp(OPTIONS, facts);
  const relay = await boundSocket(RELAY, server.listenPort);
  t.teardown(() => relay.close());
  const count = 50;
  const got: string[] = [];
  const all = Promise.withResolvers<void>();
  relay.on('message', (bytes) => {
    const packet = decodePacket(bytes);
    got.push(typeof packet === 'string' ? packet : packet.yiaddr);
    if (got.length === count) all.resolve();
  });
  for (let number = 0; number < count; number++) {
    const mac = `52:54:00:00:02:${number.toString(16).padStart(2, '0')}`;
    const packet = message(['udhcpc', 0], { giaddr: RELAY, mac: mac as never });
    relay.send(encodePacket(packet), server.listenPort, '127.0.0.1');
  }
  await all.promise;
  t.is(new Set(got).size, count);
});

test.serial(
  'nothing is promised before it is written, and writing keeps nobody waiting',
  async (t) => {
    const facts = new MemoryFacts([]);
    const written = Promise.withResolvers<void>();
    const put = facts.leases.put.bind(facts.leases);
    const both = Promise.withResolvers<void>();
    facts.leases.put = async (lease) => {
      await put(lease);
      if (facts.leases.rows.size === 2) both.resolve();
      await written.promise;
    };
    await using server = await startDhcp(OPTIONS, facts);
    const relay = await boundSocket(RELAY, server.listenPort);
    t.teardown(() => relay.close());
    for (const mac of ['52:54:00:00:02:01', '52:54:00:00:02:02'])
      relay.send(
        encodePacket(message(['udhcpc', 0], { giaddr: RELAY, mac: mac as never })),
        server.listenPort,
        '127.0.0.1',
      );
    await both.promise;
    await new Promise(setImmediate);
    t.is(server.counters.replied, 0);
    const answer = once(relay, 'message');
    written.resolve();
    await answer;
    t.true(server.counters.replied > 0);
  },
);

test.serial('a port in use is an error that names the holder', async (t) => {
  const holder = await boundSocket('0.0.0.0', 0);
  t.teardown(() => holder.close());
  const { port: listenPort } = holder.address();
  const error = await t.throwsAsync(startDhcp({ ...OPTIONS, listenPort }, new MemoryFacts([])), {
    code: 'NETBOOT_LISTEN_IN_USE',
  });
  t.true(error?.message.includes(`process ${process.pid}`), error?.message);
});

test.serial('an address that is not this host’s is refused', async (t) => {
  const options = { ...OPTIONS, serverAddress: ip('127.0.0.1'), listenAddress: ip('203.0.113.1') };
  await t.throwsAsync(startDhcp(options, new MemoryFacts([])), { code: 'NETBOOT_LISTEN_REFUSED' });
});
