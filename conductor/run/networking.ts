import type { Config } from '../config/schema.ts';
import { createNetworking, type Networking } from '../networking/networking.ts';
import type { Database } from '../store/database.ts';
import { tryParseIpv4 } from '../values/ipv4.ts';
import { knownHost } from './netbootFacts.ts';

/**
 * The networks of machines as the configuration wishes them. The client for Neutron is loaded only
 * where there is a Keystone.
 */
export async function openNetworking(config: Config, database: Database): Promise<Networking> {
  const { neutron, boot_http: http, dhcp, pxe } = config;
  return createNetworking({
    database,
    neutron: await openNeutron(config),
    networks: {
      provisioningNetwork: neutron.provisioning_network,
      cleaningNetwork: neutron.cleaning_network,
    },
    servers: {
      tftpServer:
        neutron.tftp_server ?? dhcp.server_address ?? tryParseIpv4(new URL(http.url).hostname),
      httpUrl: http.url,
    },
    setupDelayMs: neutron.port_setup_delay_seconds * 1000,
    hostOf: (node) => knownHost(node, pxe.ipxe_enabled),
  });
}

async function openNeutron(config: Config) {
  if (config.keystone.auth_url === undefined) return undefined;
  const { cloudOf } = await import('../openstack/glance.ts');
  const { createNeutron } = await import('../openstack/neutron.ts');
  const cloud = cloudOf(config);
  return cloud && createNeutron(cloud, config.neutron.url);
}
