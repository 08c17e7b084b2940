import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HardwareFacts } from '../../lab/hardware.ts';
import { BRIDGE_NAME, netArgument, runInNamespace } from '../../lab/network.ts';
import { startDaemon } from '../../lab/processes.ts';
import { externalConfig, type ExternalServer } from '../../conductor/netboot/dhcp/external.ts';
import type { Ipv4 } from '../../conductor/values/ipv4.ts';
import { TestNamespace } from '../netboot/support/netns.ts';

/**
 * Who gives addresses: the conductor, another server beside it, the conductor behind a relay, a dnsmasq
 * that was told the printed options (`external`), or one that reads the conductor's files (`files`); or,
 * as a fault, another server that iPXE prefers.
 */
export type DhcpMode = 'server' | 'proxy' | 'relayed' | 'external' | 'files' | 'rogue';

/** Where the conductor runs, and what of its configuration is due to the mode. */
export type DhcpPlace = AsyncDisposable & {
  readonly place: HardwareFacts;
  readonly sections: Readonly<Record<string, object>>;
};

const FAR_ADDRESS = '172.31.0.1' as Ipv4;
/** The conductor's address for the machines alone. */
const FAR_HTTP = '172.31.0.9';

/** Sets up what a mode needs besides the conductor. */
export async function prepareDhcp(mode: DhcpMode, hardware: HardwareFacts): Promise<DhcpPlace> {
  switch (mode) {
    case 'server':
      return { place: hardware, sections: {}, async [Symbol.asyncDispose]() {} };
    case 'proxy':
      return besideDnsmasq(hardware, [], { mode: 'proxy' });
    case 'rogue':
      // iPXE's own option "priority", within option 175.
      return besideDnsmasq(hardware, ['dhcp-option-force=encap:175,1,1'], { mode: 'proxy' });
    case 'external':
      return besideDnsmasq(hardware, printedFor('dnsmasq', hardware), { enabled: false });
    case 'files':
      return readingFiles(hardware);
    case 'relayed':
      return behindRelay(hardware);
    default:
      throw new Error(`No such mode: ${String(mode satisfies never)}`);
  }
}

/** What `ironpxe dhcp options` prints for a dnsmasq. */
function printedFor(server: ExternalServer, { bridgeAddress }: HardwareFacts): string[] {
  const httpUrl = `http://${bridgeAddress}:8088`;
  const boot = { tftpServer: bridgeAddress, httpUrl, loader: 'pxe' } as const;
  return externalConfig(server, boot).trimEnd().split('\n');
}

/** A dnsmasq that reads what the conductor writes, node by node. */
async function readingFiles(hardware: HardwareFacts): Promise<DhcpPlace> {
  const [hosts, options] = ['hosts', 'options'].map((name) =>
    join(hardware.stateDir, 'dnsmasq', name),
  ) as [string, string];
  for (const folder of [hosts, options]) await mkdir(folder, { recursive: true });
  const lines = [
    `dhcp-hostsdir=${hosts}`,
    `dhcp-optsdir=${options}`,
    ...printedFor('dnsmasq-files', hardware),
  ];
  const folders = { dnsmasq_hosts_dir: hosts, dnsmasq_options_dir: options };
  return besideDnsmasq(hardware, lines, { mode: 'dnsmasq', ...folders });
}

/** A dnsmasq on a host of its own gives the addresses; `lines` are what else it is told. */
async function besideDnsmasq(
  hardware: HardwareFacts,
  lines: readonly string[],
  dhcp: object,
): Promise<DhcpPlace> {
  const other = await TestNamespace.make('dhcp');
  const link = `link add dhcp type veth peer name eth0 netns ${other.name}`;
  await runInNamespace(hardware.netns, 'ip', link.split(' '));
  await runInNamespace(hardware.netns, 'ip', `link set dhcp master ${BRIDGE_NAME} up`.split(' '));
  await other.ip('addr add 172.30.0.2/24 dev eth0');
  await other.ip('link set eth0 up');
  const lease = `dhcp-leasefile=${join(hardware.stateDir, 'dnsmasq.leases')}`;
  const own = ['no-ping', 'port=0', 'user=root', 'log-dhcp', lease];
  const all = [...own, 'dhcp-range=172.30.0.100,172.30.0.199', ...lines];
  const conf = join(hardware.stateDir, 'dnsmasq.conf');
  await writeFile(conf, `${all.join('\n')}\n`);
  await startDaemon(hardware.stateDir, 'dnsmasq', [
    'nsenter',
    netArgument(other.name),
    '--',
    'dnsmasq',
    '--keep-in-foreground',
    '--log-facility=-',
    `--conf-file=${conf}`,
  ]);
  return {
    place: hardware,
    sections: { dhcp: { server_address: hardware.bridgeAddress, ...dhcp } },
    [Symbol.asyncDispose]: () => other[Symbol.asyncDispose](),
  };
}

/** The conductor stands in another network; ISC's relay runs on the router between. */
async function behindRelay(hardware: HardwareFacts): Promise<DhcpPlace> {
  const far = await TestNamespace.make('far');
  const inLab = (line: string) => runInNamespace(hardware.netns, 'ip', line.split(' '));
  await inLab(`link add far type veth peer name eth0 netns ${far.name}`);
  await inLab('addr add 172.31.0.2/24 dev far');
  await inLab('link set far up');
  await runInNamespace(hardware.netns, 'busybox', ['sysctl', '-w', 'net.ipv4.ip_forward=1']);
  await far.ip(`addr add ${FAR_ADDRESS}/24 dev eth0`);
  await far.ip(`addr add ${FAR_HTTP}/24 dev eth0`);
  await far.ip('link set eth0 up');
  await far.ip('route add default via 172.31.0.2');
  const relay = ['-d', '-4', '-a', '-id', BRIDGE_NAME, '-iu', 'far', FAR_ADDRESS];
  await startDaemon(hardware.stateDir, 'dhcrelay', [
    'nsenter',
    netArgument(hardware.netns),
    '--',
    'dhcrelay',
    ...relay,
  ]);
  const subnet = {
    cidr: '172.30.0.0/24',
    range_start: '172.30.0.100',
    range_end: '172.30.0.199',
    gateway: hardware.bridgeAddress,
    http_url: `http://${FAR_HTTP}:8088`,
  };
  // Nobody answers there: what this subnet is told must be its own URL, also for the call-back.
  const boot_http = { listen_address: FAR_HTTP, listen_port: 8088, url: 'http://172.31.0.99:8088' };
  return {
    place: { ...hardware, netns: far.name, bridgeAddress: FAR_ADDRESS },
    sections: { dhcp: { server_address: FAR_ADDRESS, subnets: [subnet] }, boot_http },
    [Symbol.asyncDispose]: () => far[Symbol.asyncDispose](),
  };
}
