import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIKE_CONDUCTOR } from './likeConductor.ts';

/** Where the servers stand, and which addresses they lease. */
export const NET = {
  server: '10.99.0.1',
  client: '10.99.0.2',
  prefix: 16,
  cidr: '10.99.0.0/16',
  netmask: '255.255.0.0',
  rangeStart: '10.99.1.0',
  rangeEnd: '10.99.200.255',
} as const;

/** How a server is started in the namespace, and what it says when it serves, if anything. */
export type Command = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly ready?: RegExp;
};

const OURS = join(import.meta.dirname, 'netbootProcess.ts');

/** Our netboot services over a store in `folder`, as the conductor runs them. */
export function ours(folder: string, root: string): Command {
  const args = [...LIKE_CONDUCTOR.flags, OURS, folder, root];
  return { program: process.execPath, args, env: LIKE_CONDUCTOR.env, ready: /ready/ };
}

/** tftpd-hpa. */
export function tftpdHpa(root: string): Command {
  const args = ['--foreground', '--address', `${NET.server}:69`, '--secure', root];
  return { program: 'in.tftpd', args };
}

/** dnsmasq as a TFTP server. */
export function dnsmasqTftp(root: string): Command {
  const tftp = ['--enable-tftp', `--tftp-root=${root}`, '--tftp-max=200'];
  return { program: 'dnsmasq', args: [...DNSMASQ, ...tftp], ready: /TFTP root/ };
}

/** dnsmasq as a DHCP server; its leases are a file that is written anew at each change. */
export function dnsmasqDhcp(folder: string): Command {
  const { rangeStart, rangeEnd, netmask } = NET;
  const dhcp = [
    `--dhcp-range=${rangeStart},${rangeEnd},${netmask},1h`,
    `--dhcp-leasefile=${join(folder, 'dnsmasq.leases')}`,
    '--dhcp-lease-max=100000',
    '--no-ping',
    '--quiet-dhcp',
  ];
  return { program: 'dnsmasq', args: [...DNSMASQ, ...dhcp], ready: /DHCP, IP range/ };
}

const DNSMASQ = [
  '--keep-in-foreground',
  '--log-facility=-',
  '--conf-file=/dev/null',
  '--pid-file=',
  '--user=root',
  '--port=0',
  '--interface=eth0',
];

/** Kea with leases in its memfile, which it appends to. */
export async function keaDhcp(folder: string): Promise<Command> {
  const config = join(folder, 'kea.json');
  const subnet = {
    id: 1,
    subnet: NET.cidr,
    pools: [{ pool: `${NET.rangeStart} - ${NET.rangeEnd}` }],
  };
  const memfile = { type: 'memfile', persist: true, name: join(folder, 'kea.csv') };
  const Dhcp4 = {
    'interfaces-config': { interfaces: ['eth0'] },
    'lease-database': { ...memfile, 'lfc-interval': 0 },
    'valid-lifetime': 3600,
    subnet4: [subnet],
    loggers: [{ name: 'kea-dhcp4', severity: 'INFO', output_options: [{ output: 'stdout' }] }],
  };
  await writeFile(config, JSON.stringify({ Dhcp4 }));
  const env = { KEA_LOCKFILE_DIR: folder, KEA_PIDFILE_DIR: folder };
  return { program: 'kea-dhcp4', args: ['-c', config], env, ready: /DHCP4_STARTED/ };
}

/** nginx as it comes, with sendfile. */
export async function nginx(folder: string, root: string): Promise<Command> {
  const config = join(folder, 'nginx.conf');
  await writeFile(
    config,
    `daemon off;
user root;
worker_processes auto;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'nginx.log')};
events { worker_connections 768; }
http {
  sendfile on;
  tcp_nopush on;
  access_log off;
  client_body_temp_path ${folder};
  server { listen ${NET.server}:8088; root ${root}; }
}
`,
  );
  return { program: 'nginx', args: ['-c', config] };
}
