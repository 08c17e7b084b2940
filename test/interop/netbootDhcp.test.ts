import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { OPTION } from '../../conductor/netboot/dhcp/codes.ts';
import { dnsmasqFiles } from '../../conductor/netboot/dhcp/dnsmasqFiles.ts';
import {
  externalConfig,
  externalRows,
  EXTERNAL_SERVERS,
  type ExternalBoot,
} from '../../conductor/netboot/dhcp/external.ts';
import { readText, textBytes } from '../../conductor/netboot/dhcp/options.ts';
import {
  BROADCAST_FLAG,
  decodePacket,
  encodePacket,
  type DhcpPacket,
} from '../../conductor/netboot/dhcp/packet.ts';
import type { NewEvent } from '../../conductor/events/kinds.ts';
import type { Ipv4 } from '../../conductor/values/ipv4.ts';
import type { Mac } from '../../conductor/values/mac.ts';
import { Bench, NETBOOT_OPTIONS } from '../netboot/support/bench.ts';
import { ip, message, request } from '../netboot/support/dhcp.ts';
import { machine, MAC, NODE, OTHER_MAC } from '../netboot/support/machines.ts';
import { needing } from '../netboot/support/needing.ts';
import type { Running, TestNamespace } from '../netboot/support/netns.ts';

const ASK = join(import.meta.dirname, '../netboot/support/dhcpAsk.ts');
/** By its path: the npm package dhcp has a program of the same name. */
const DHCPD = '/usr/sbin/dhcpd';
const OTHER = ip('192.0.2.2');
const BOOT: ExternalBoot = {
  tftpServer: ip('192.0.2.1'),
  httpUrl: 'http://192.0.2.1:8080',
  loader: 'pxe',
};

/** A DISCOVER of firmware: its architecture, and whether it is iPXE or asks for HTTP boot. */
function discover(architecture: number, kind: 'pxe' | 'http' | 'ipxe', mac = MAC): DhcpPacket {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(architecture);
  const ipxe = kind === 'ipxe';
  const vendor = `${kind === 'http' ? 'HTTP' : 'PXE'}Client:Arch:${architecture}`;
  const options = {
    [OPTION.vendorClass]: textBytes(vendor),
    [OPTION.clientArchitecture]: bytes,
    [OPTION.userClass]: ipxe ? textBytes('iPXE') : undefined,
    [OPTION.ipxe]: ipxe ? Uint8Array.of(1, 1, 1) : undefined,
    [OPTION.parameterList]: Uint8Array.of(1, 3, 43, 54, 60, 66, 67),
  };
  return message(['ovmf', 0], { mac, flags: BROADCAST_FLAG, xid: 7000 + architecture }, options);
}

/** Asks everyone's port 67, or that of `to`, as a client and gives each reply; `undefined` for none. */
async function ask(
  client: TestNamespace,
  packets: readonly DhcpPacket[],
  to: readonly [address: string, listenPort: string] | readonly [] = [],
): Promise<(DhcpPacket | undefined)[]> {
  const hex = packets.map((packet) => encodePacket(packet).toString('hex'));
  const args = [ASK, JSON.stringify(hex), ...to];
  const { stdout } = await client.run(process.execPath, args, 100_000);
  return stdout.split('\n').map((line) => {
    const packet = decodePacket(Buffer.from(line, 'hex'));
    return typeof packet === 'string' ? undefined : packet;
  });
}

/** What an offer says to boot: option 67, else the header's field. */
function fileOf(offer: DhcpPacket | undefined): string | undefined {
  return readText(offer?.options.get(OPTION.bootFile)) ?? offer?.file;
}

/** A client whose namespace can send broadcasts. */
async function asker(bench: Bench, label: string, mac: string): Promise<TestNamespace> {
  const client = await bench.client(label, mac);
  await client.ip('addr add 192.0.2.200/24 dev eth0');
  await client.ip('route add default dev eth0');
  return client;
}

/** A host at 192.0.2.2, for a DHCP server. */
async function otherHost(bench: Bench): Promise<TestNamespace> {
  const host = await bench.client('dhcp', '52:54:00:00:00:0d');
  await host.ip(`addr add ${OTHER}/24 dev eth0`);
  return host;
}

/** A dnsmasq at 192.0.2.2. */
async function dnsmasq(bench: Bench, lines: readonly string[]): Promise<Running> {
  const host = await otherHost(bench);
  const own = ['port=0', 'user=root', 'no-ping', 'dhcp-range=192.0.2.20,192.0.2.90'];
  const leases = `dhcp-leasefile=${join(bench.folder, 'leases')}`;
  const conf = await bench.file('dnsmasq.conf', `${[...own, leases, ...lines].join('\n')}\n`);
  const args = ['--keep-in-foreground', '--log-facility=-', '--log-dhcp', `--conf-file=${conf}`];
  const running = host.start('dnsmasq', args, 110_000);
  await running.output.waitFor(/IP range 192\.0\.2\.20/);
  return running;
}

/** ISC's dhcpd at 192.0.2.2. */
async function dhcpd(bench: Bench, text: string): Promise<Running> {
  const host = await otherHost(bench);
  const subnet = 'subnet 192.0.2.0 netmask 255.255.255.0 { range 192.0.2.20 192.0.2.90; }';
  const own = `authoritative;\nping-check false;\n${text}${subnet}\n`;
  const conf = await bench.file('dhcpd.conf', own);
  const files = ['-cf', conf, '-lf', await bench.file('leases', ''), '--no-pid'];
  const running = host.start(DHCPD, ['-4', '-f', '-d', ...files, 'eth0'], 110_000);
  await running.output.waitFor(/Server starting service/);
  return running;
}

/** Kea at 192.0.2.2. */
async function kea(bench: Bench, text: string): Promise<Running> {
  const host = await otherHost(bench);
  const own = {
    'interfaces-config': { interfaces: ['eth0'] },
    'lease-database': { type: 'memfile', persist: false },
    subnet4: [{ id: 1, subnet: '192.0.2.0/24', pools: [{ pool: '192.0.2.20 - 192.0.2.90' }] }],
    loggers: [{ name: 'kea-dhcp4', severity: 'INFO', output_options: [{ output: 'stdout' }] }],
  };
  const printed: object = JSON.parse(text.replace(/^\/\/.*\n/, ''));
  const conf = await bench.file('kea.json', JSON.stringify({ Dhcp4: { ...own, ...printed } }));
  const folders = [`KEA_LOCKFILE_DIR=${bench.folder}`, `KEA_PIDFILE_DIR=${bench.folder}`];
  const running = host.start('env', [...folders, 'kea-dhcp4', '-c', conf], 110_000);
  await running.output.waitFor(/DHCP4_STARTED/);
  return running;
}

function eventsOf({ output }: Running): NewEvent[] {
  const lines = output.text.split('\n').filter((line) => line.startsWith('{"kind"'));
  return lines.map((line) => JSON.parse(line) as NewEvent);
}

for (const [server, program, start] of [
  ['dnsmasq', 'dnsmasq', (bench: Bench, text: string) => dnsmasq(bench, text.split('\n'))],
  ['isc', DHCPD, dhcpd],
  ['kea', 'kea-dhcp4', kea],
] as const)
  for (const loader of ['pxe', 'ipxe'] as const)
    needing([program], `${server} with the printed options sends to ${loader}`, async (t) => {
      const boot = { ...BOOT, loader };
      await using bench = await Bench.make('options');
      await start(bench, externalConfig(server, boot));
      const client = await asker(bench, 'ask', MAC);
      const rows = externalRows(boot);
      const asked = rows.map(({ architecture, http }) =>
        discover(architecture, http ? 'http' : 'pxe'),
      );
      const offers = await ask(client, asked);
      for (const [index, { architecture, file, http }] of rows.entries()) {
        t.is(fileOf(offers[index]), file, String(architecture));
        const vendor = readText(offers[index]?.options.get(OPTION.vendorClass));
        if (http) t.is(vendor, 'HTTPClient', String(architecture));
        else t.is(offers[index]?.siaddr, BOOT.tftpServer, String(architecture));
      }
      const [bios, uefi, system] = await ask(client, [
        discover(0, 'ipxe'),
        discover(7, 'ipxe'),
        message(['udhcpc', 0], { mac: MAC, flags: BROADCAST_FLAG }),
      ]);
      const script = `${BOOT.httpUrl}/boot.ipxe`;
      t.is(fileOf(bios), loader === 'ipxe' ? script : 'pxelinux.0');
      t.is(fileOf(uefi), script);
      t.is(fileOf(system), '', 'an operating system is told of no boot file');
    });

needing(['dnsmasq'], 'dnsmasq follows the files of mode dnsmasq', async (t) => {
  await using bench = await Bench.make('files');
  const folders = { hosts: join(bench.folder, 'hosts'), options: join(bench.folder, 'options') };
  for (const folder of Object.values(folders)) await mkdir(folder);
  const files = (boots: boolean) =>
    dnsmasqFiles([{ mac: MAC, nodeUuid: NODE, loader: boots ? 'ipxe' : undefined }], BOOT);
  const write = async (kind: 'hosts' | 'options', boots: boolean) => {
    for (const [name, text] of files(boots)[kind]) await writeFile(join(folders[kind], name), text);
  };
  const { output } = await dnsmasq(bench, [
    `dhcp-hostsdir=${folders.hosts}`,
    `dhcp-optsdir=${folders.options}`,
    ...externalConfig('dnsmasq-files', BOOT).trimEnd().split('\n'),
  ]);
  const client = await asker(bench, 'ask', MAC);
  // Once it answers it also watches its folders.
  t.is(fileOf((await ask(client, [discover(7, 'pxe')]))[0]), '');
  await write('options', true);
  await output.waitFor(/read \S+options\/ironic/);
  await write('hosts', true);
  await output.waitFor(/read \S+hosts\/ironic/);
  const [pxe, ipxe, http] = await ask(client, [
    discover(7, 'pxe'),
    discover(7, 'ipxe'),
    discover(16, 'http'),
  ]);
  t.deepEqual(
    [fileOf(pxe), fileOf(ipxe), fileOf(http)],
    ['snponly.efi', `${BOOT.httpUrl}/boot.ipxe`, `${BOOT.httpUrl}/snponly.efi`],
  );
  t.is(pxe?.siaddr, BOOT.tftpServer);
  await write('hosts', false);
  await output.waitFor(/(?:read \S+hosts\/ironic[^]*){2}/);
  t.deepEqual((await ask(client, [discover(7, 'pxe')]))[0], undefined);
});

test('every server that can be named is one of the tested', (t) => {
  t.deepEqual([...EXTERNAL_SERVERS], ['dnsmasq', 'dnsmasq-files', 'isc', 'kea']);
});

needing(['dnsmasq'], 'another DHCP server on the wire is found and told of', async (t) => {
  await using bench = await Bench.make('foreign');
  await dnsmasq(bench, []);
  const dhcp = { ...NETBOOT_OPTIONS.dhcp, foreignSearchSeconds: 900 };
  const server = await bench.serve({ ...NETBOOT_OPTIONS, dhcp }, [machine()]);
  await server.output.waitFor(/dhcp\.foreign/);
  const found = eventsOf(server).find(({ kind }) => kind === 'dhcp.foreign');
  t.deepEqual(found?.data?.['servers'], [OTHER]);
  t.false(server.output.text.includes('dhcp.offer'), 'our own search is not answered');
});

needing([], 'an address in use is not offered: a neighbour’s, and one of this host', async (t) => {
  await using bench = await Bench.make('probe');
  const neighbour = await bench.client('near', '52:54:00:00:00:aa');
  for (const last of [10, 11]) await neighbour.ip(`addr add 192.0.2.${last}/24 dev eth0`);
  await bench.namespace.ip('addr add 192.0.2.12/32 dev br0');
  const dhcp = { ...NETBOOT_OPTIONS.dhcp, addressProbeMs: 300 };
  const server = await bench.serve({ ...NETBOOT_OPTIONS, dhcp }, [machine()]);
  const client = await asker(bench, 'ask', '52:54:00:00:00:55');
  const mac = '52:54:00:00:00:55' as Mac;
  const asked = Array.from({ length: 4 }, () => discover(0, 'pxe', mac));
  const offers = await ask(client, asked);
  t.is(offers.find((offer) => offer !== undefined)?.yiaddr, ip('192.0.2.13'));
  const conflicts = eventsOf(server).filter(({ kind }) => kind === 'dhcp.conflict');
  for (const { data } of conflicts) t.regex(String(data?.['address']), /^192\.0\.2\.1[0-2]$/);
});

/** Asks for an address again after a restart of the machine, RFC 2131 §4.3.2 (INIT-REBOOT). */
function again(mac: Mac, address: Ipv4 | undefined): DhcpPacket {
  const flags = BROADCAST_FLAG;
  return { ...request({ requested: String(address) }, { mac }), flags };
}

needing([], 'leases survive a kill -9, down to the one acknowledged last', async (t) => {
  await using bench = await Bench.make('killed');
  const rangeEnd = ip('192.0.2.33');
  const [subnet] = NETBOOT_OPTIONS.dhcp.subnets;
  if (subnet === undefined) throw new Error('no subnet');
  const dhcp = { ...NETBOOT_OPTIONS.dhcp, subnets: [{ ...subnet, rangeEnd }] };
  const serve = () =>
    bench.serve({ ...NETBOOT_OPTIONS, dhcp }, [], join(bench.folder, 'ironpxe.sqlite'));
  const client = await asker(bench, 'ask', MAC);
  const macs = Array.from({ length: 24 }, (_, n) => `52:54:00:00:03:${10 + n}` as Mac);
  const offersTo = (list: readonly Mac[]) =>
    ask(
      client,
      list.map((mac) => discover(0, 'pxe', mac)),
    );

  const first = await serve();
  const offers = await offersTo(macs);
  const taken = macs.map((mac, index) => {
    const requested = String(offers[index]?.yiaddr);
    return { ...request({ requested, server: '192.0.2.1' }, { mac }), flags: BROADCAST_FLAG };
  });
  const acks = await ask(client, taken);
  const ended = once(first.child, 'exit');
  first.child.kill('SIGKILL');
  await ended;
  t.is(new Set(acks.map((ack) => ack?.yiaddr)).size, macs.length);

  await serve();
  const renewed = await ask(
    client,
    macs.map((mac, index) => again(mac, acks[index]?.yiaddr)),
  );
  t.true(renewed.every((ack) => ack?.type === 'ack'));
  const [foreign] = await ask(client, [again(OTHER_MAC, acks[0]?.yiaddr)]);
  t.is(foreign?.type, 'nak');
  t.deepEqual(await offersTo([OTHER_MAC]), [undefined], 'every address is held');
});

needing([], 'an offer that a kill -9 made forgotten can still be taken, once', async (t) => {
  await using bench = await Bench.make('forgotten');
  const client = await asker(bench, 'ask', MAC);
  const first = await bench.serve(NETBOOT_OPTIONS, []);
  const [offer] = await ask(client, [discover(0, 'pxe', MAC)]);
  const ended = once(first.child, 'exit');
  first.child.kill('SIGKILL');
  await ended;

  await bench.serve(NETBOOT_OPTIONS, []);
  const fields = { requested: String(offer?.yiaddr), server: '192.0.2.1' };
  const take = (mac: Mac) => ({ ...request(fields, { mac }), flags: BROADCAST_FLAG });
  const [ack] = await ask(client, [take(MAC)]);
  t.deepEqual([ack?.type, ack?.yiaddr], ['ack', offer?.yiaddr]);
  const [late] = await ask(client, [take(OTHER_MAC)]);
  t.is(late?.type, 'nak');
});

needing([], 'proxy: a machine with an address asks the boot server on port 4011', async (t) => {
  await using bench = await Bench.make('proxy');
  const dhcp = { ...NETBOOT_OPTIONS.dhcp, mode: 'proxy' } as const;
  await bench.serve({ ...NETBOOT_OPTIONS, dhcp }, [machine()]);
  const client = await asker(bench, 'ask', MAC);
  const ciaddr = ip('192.0.2.200');
  const asks = (mac: Mac) => ({ ...discover(0, 'pxe', mac), type: 'request', ciaddr }) as const;
  const stranger = '52:54:00:00:00:99' as Mac;
  const asked = [asks(MAC), asks(stranger)];
  const [reply, none] = await ask(client, asked, ['192.0.2.1', '4011']);
  t.like(reply, { type: 'ack', yiaddr: ip('0.0.0.0'), siaddr: ip('192.0.2.1') });
  t.is(fileOf(reply), 'pxelinux.0');
  t.is(none, undefined, 'a machine that is not known is left alone');
});

needing(['dnsmasq'], 'proxy: both servers answer, each its own part', async (t) => {
  await using bench = await Bench.make('proxy');
  await dnsmasq(bench, []);
  const dhcp = { ...NETBOOT_OPTIONS.dhcp, mode: 'proxy' } as const;
  const server = await bench.serve({ ...NETBOOT_OPTIONS, dhcp }, [machine()]);
  const client = await asker(bench, 'ask', MAC);
  const offers = [
    ...(await ask(client, [discover(7, 'pxe')])),
    ...(await ask(client, [discover(7, 'pxe')])),
  ];
  await server.output.waitFor(/dhcp\.offer/);
  t.true(offers.some((offer) => offer !== undefined));
  const own = eventsOf(server).find(({ kind }) => kind === 'dhcp.offer');
  t.is(own?.data?.['bootFile'], 'snponly.efi');
  t.is(own?.data?.['address'], undefined);
});
