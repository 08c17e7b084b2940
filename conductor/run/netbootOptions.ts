import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/schema.ts';
import type { DhcpOptions, SubnetOptions } from '../netboot/dhcp/config.ts';
import type { NetbootOptions } from '../netboot/start.ts';
import type { Ipv4 } from '../values/ipv4.ts';

/** The netboot services as the configuration wishes them. */
export function netbootOptions(
  config: Config,
  routes: (app: FastifyInstance) => Promise<void>,
): NetbootOptions {
  const { tftp, boot_http: http, pxe } = config;
  const dhcp = dhcpOptions(config);
  return {
    ...(dhcp && { dhcp }),
    ...(tftp.enabled && {
      tftp: { listenAddress: tftp.listen_address, listenPort: tftp.listen_port },
    }),
    http: { listenAddress: http.listen_address, listenPort: http.listen_port, routes },
    ipxeRom: pxe.ipxe_rom,
    ...ownUrls(config),
    // Where we see no DHCP there are no leases to tell whose an address is.
    clientCheck: dhcp === undefined ? 'none' : 'lease',
  };
}

/** Subnets that reach the conductor by another URL than `boot_http.url`. */
function ownUrls({ dhcp, boot_http: { url } }: Config): Pick<NetbootOptions, 'advertised'> {
  const subnets = dhcp.subnets.flatMap(({ cidr, http_url: own }) =>
    own === undefined || own === url ? [] : [{ cidr, url: own }],
  );
  return subnets.length === 0 ? {} : { advertised: { url, subnets } };
}

function dhcpOptions({ dhcp, boot_http: http }: Config): DhcpOptions | undefined {
  const { mode, server_address: serverAddress } = dhcp;
  if (!dhcp.enabled || mode === 'dnsmasq' || serverAddress === undefined) return undefined;
  const subnets = dhcp.subnets.map((subnet) => subnetOptions(subnet, http.url));
  const everywhere = mode === 'proxy' && subnets.length === 0;
  return {
    mode,
    listenAddress: ANY,
    serverAddress,
    unknownMachines: dhcp.unknown_machines,
    subnets: everywhere ? [{ ...EVERYWHERE, httpUrl: http.url }] : subnets,
    addressProbeMs: dhcp.address_probe_ms,
    // A proxy stands beside another server, which is no news.
    foreignSearchSeconds: mode === 'proxy' ? 0 : dhcp.foreign_search_seconds,
  };
}

const ANY = '0.0.0.0' as Ipv4;

/** Addresses are the other server's matter, so one row does for a proxy. */
const EVERYWHERE = {
  cidr: '0.0.0.0/0',
  rangeStart: ANY,
  rangeEnd: ANY,
  dns: [],
  leaseSeconds: 3600,
} as const satisfies SubnetOptions;

function subnetOptions(subnet: Config['dhcp']['subnets'][number], httpUrl: string): SubnetOptions {
  const { network, prefixLength } = subnet.cidr;
  return {
    cidr: `${network}/${prefixLength}`,
    rangeStart: subnet.range_start ?? network,
    rangeEnd: subnet.range_end ?? network,
    dns: subnet.dns,
    leaseSeconds: subnet.lease_seconds,
    httpUrl: subnet.http_url ?? httpUrl,
    ...(subnet.gateway !== undefined && { gateway: subnet.gateway }),
    ...(subnet.domain !== undefined && { domain: subnet.domain }),
    ...(subnet.next_server !== undefined && { nextServer: subnet.next_server }),
  };
}
