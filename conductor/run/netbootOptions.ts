import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/schema.ts';
import type { SubnetOptions } from '../netboot/dhcp/config.ts';
import type { NetbootOptions } from '../netboot/start.ts';
import type { Ipv4 } from '../values/ipv4.ts';

/** The netboot services as the configuration wishes them. */
export function netbootOptions(
  config: Config,
  routes: (app: FastifyInstance) => Promise<void>,
): NetbootOptions {
  const { dhcp, tftp, boot_http: http, pxe } = config;
  const { server_address: serverAddress } = dhcp;
  return {
    ...(dhcp.enabled &&
      serverAddress !== undefined && {
        dhcp: {
          listenAddress: '0.0.0.0' as Ipv4,
          serverAddress,
          unknownMachines: dhcp.unknown_machines,
          subnets: dhcp.subnets.map((subnet) => subnetOptions(subnet, http.url)),
        },
      }),
    ...(tftp.enabled && {
      tftp: { listenAddress: tftp.listen_address, listenPort: tftp.listen_port },
    }),
    http: { listenAddress: http.listen_address, listenPort: http.listen_port, routes },
    ipxeRom: pxe.ipxe_rom,
    // Without our own DHCP there are no leases to tell whose an address is.
    clientCheck: dhcp.enabled ? 'lease' : 'none',
  };
}

function subnetOptions(subnet: Config['dhcp']['subnets'][number], httpUrl: string): SubnetOptions {
  return {
    cidr: `${subnet.cidr.network}/${subnet.cidr.prefixLength}`,
    rangeStart: subnet.range_start,
    rangeEnd: subnet.range_end,
    dns: subnet.dns,
    leaseSeconds: subnet.lease_seconds,
    httpUrl: subnet.http_url ?? httpUrl,
    ...(subnet.gateway !== undefined && { gateway: subnet.gateway }),
    ...(subnet.domain !== undefined && { domain: subnet.domain }),
    ...(subnet.next_server !== undefined && { nextServer: subnet.next_server }),
  };
}
