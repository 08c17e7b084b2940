import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { Config } from '../config/schema.ts';
import { listenHolder } from '../netboot/listen.ts';
import { run } from '../process/run.ts';
import { contains } from '../values/ipv4.ts';
import { type Check, type CheckResult, fail, ok, warn } from './check.ts';

type Finding = Omit<CheckResult, 'check'>;
type Listener = {
  readonly service: string;
  readonly protocol: 'udp' | 'tcp';
  readonly listenPort: number;
};

/** Whether we answer DHCP ourselves. */
export function servesDhcp({ dhcp }: Config): boolean {
  return dhcp.enabled && dhcp.mode !== 'dnsmasq';
}

function listenersOf(config: Config): readonly Listener[] {
  const { tftp, boot_http: http, api } = config;
  return [
    ...(servesDhcp(config) ? [{ service: 'DHCP', protocol: 'udp', listenPort: 67 } as const] : []),
    ...(tftp.enabled
      ? [{ service: 'TFTP', protocol: 'udp', listenPort: tftp.listen_port } as const]
      : []),
    { service: 'HTTP boot', protocol: 'tcp', listenPort: http.listen_port },
    { service: 'REST API', protocol: 'tcp', listenPort: api.listen_port },
  ];
}

/** Looks at who listens where we want to: nobody, or a conductor. */
export const LISTEN_CHECK: Check = {
  name: 'listening ports',
  title: 'Listening ports are free, or a conductor has them',
  run: ({ config, conductorRuns }) =>
    Promise.all(listenersOf(config).map((wish) => listener(wish, conductorRuns))),
};

async function listener(wish: Listener, conductorRuns: boolean): Promise<Finding> {
  const { service, protocol, listenPort } = wish;
  const where = `${service} (${protocol} ${listenPort})`;
  const holder = await listenHolder(protocol, listenPort);
  if (holder === undefined)
    return conductorRuns
      ? fail(`${where}: a conductor runs, but nobody listens`, 'Is it started with this file?')
      : ok(`${where}: free`);
  const isOurs = await isConductor(holder.pid);
  const who = `${holder.name}, process ${holder.pid}`;
  if (isOurs) return ok(`${where}: the conductor listens (process ${holder.pid})`);
  return fail(
    `${where}: ${who}, has it`,
    'Stop that program, or give the service another address or port.',
  );
}

async function isConductor(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return /\0conductor(?:\0|$)/.test(command);
}

/** Ports below 1024 need a right; root has it. CAP_NET_BIND_SERVICE is bit 10. */
export const RIGHTS_CHECK: Check = {
  name: 'rights',
  title: 'This user may use ports below 1024',
  async run({ config }) {
    const low = listenersOf(config).filter(({ listenPort }) => listenPort < 1024);
    if (low.length === 0) return [ok('no service has a port below 1024')];
    const status = await readFile('/proc/self/status', 'utf8');
    const [, mask = '0'] = /^CapEff:\s+([0-9a-f]+)/m.exec(status) ?? [];
    const lowest = await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8');
    const may = ((BigInt(`0x${mask}`) >> 10n) & 1n) === 1n;
    if (may || low.every(({ listenPort }) => listenPort >= Number(lowest)))
      return [ok('this user may use ports below 1024')];
    const services = low.map(({ service }) => service).join(' and ');
    const next = 'Run the conductor as root, or give it CAP_NET_BIND_SERVICE.';
    return [fail(`${services}: this user may not use ports below 1024`, next)];
  },
};

type Address = { readonly name: string; readonly address: string };

function ownAddresses(): readonly Address[] {
  return Object.entries(networkInterfaces()).flatMap(([name, rows = []]) =>
    rows.map(({ address }) => ({ name, address })),
  );
}

/** Looks at whether this host has the addresses of the configuration. */
export const ADDRESS_CHECK: Check = {
  name: 'addresses',
  title: 'Addresses of the configuration belong to this host',
  async run({ config }) {
    const { dhcp, boot_http: http, tftp } = config;
    const wished: readonly (readonly [string, string | undefined])[] = [
      ['dhcp.server_address', servesDhcp(config) ? dhcp.server_address : undefined],
      ['boot_http.listen_address', http.listen_address],
      ['boot_http.url', new URL(http.url).hostname],
      ['tftp.listen_address', tftp.enabled ? tftp.listen_address : undefined],
    ];
    const findings = wished.flatMap(([option, address]) =>
      address === undefined || address === '0.0.0.0' ? [] : [ownAddress(option, address)],
    );
    return [...findings, ...subnets(config)];
  },
};

function ownAddress(option: string, address: string): Finding {
  const found = ownAddresses().find((row) => row.address === address);
  if (found !== undefined) return ok(`${option} ${address} is on ${found.name}`);
  // Behind NAT or a load balancer the URL may name another host; the others may not.
  if (option === 'boot_http.url')
    return warn(`${option}: ${address} is not on this host`, 'Is something forwarding it here?');
  return fail(`${option}: ${address} is not on this host`, 'Set the address, or correct the file.');
}

/** Subnets that are not ours come through relays. */
function subnets({ dhcp }: Config): readonly Finding[] {
  const { server_address: own } = dhcp;
  if (own === undefined || dhcp.subnets.length === 0) return [];
  const direct = dhcp.subnets.some(({ cidr }) => contains(cidr, own));
  if (direct) return [];
  const next = 'Machines on the own wire are not answered; is every subnet behind a relay?';
  return [warn(`no subnet of dhcp.subnets holds dhcp.server_address ${own}`, next)];
}

/** What TFTP at its largest block needs, UDP and IP headers included. */
const NEEDED_MTU = 1500;

/** Looks at the MTU of the interface towards the machines. */
export const MTU_CHECK: Check = {
  name: 'MTU',
  title: 'The interface towards the machines carries whole packets',
  async run({ config, signal }) {
    const address = config.dhcp.server_address ?? new URL(config.boot_http.url).hostname;
    const found = ownAddresses().find((row) => row.address === address);
    if (found === undefined) return [];
    // Not from /sys, which may show the interfaces of another network namespace.
    const { stdout } = await run('ip', ['link', 'show', 'dev', found.name], { signal });
    const mtu = Number(/ mtu (\d+) /.exec(stdout)?.[1]);
    if (mtu >= NEEDED_MTU) return [ok(`${found.name}: ${mtu}`)];
    const text = `${found.name}: ${mtu}; TFTP blocks of 1468 bytes need ${NEEDED_MTU}`;
    return [warn(text, 'Boot by HTTP (pxe.ipxe_enabled), or raise the MTU.')];
  },
};
