import { createNetworking, type Networking } from '../../../conductor/networking/networking.ts';
import { createNeutron } from '../../../conductor/openstack/neutron.ts';

import { type Database, openDatabase } from '../../../conductor/store/database.ts';
import { insertNode } from '../../../conductor/store/nodes.ts';
import { insertPort } from '../../../conductor/store/ports.ts';
import type { Node } from '../../../conductor/store/types.ts';
import { tryParseIpv4 } from '../../../conductor/values/ipv4.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import type { OpenStack } from '../support/openstack.ts';

/** The MACs of the node: the first boots from the network, the second does not. */
export const MACS = ['52:54:00:aa:00:01', '52:54:00:aa:00:02'] as const;

export type Rig = {
  readonly database: Database;
  readonly node: Node;
  readonly networking: Networking;
  /** The same with another network to write machines on. */
  readonly provisionedOn: (network: string | undefined) => Networking;
};

/** A node with the network interface `neutron`, and networks as a conductor makes them. */
export async function networkRig(openstack: OpenStack, neutronUrl?: string): Promise<Rig> {
  const database = await openDatabase(':memory:');
  const node = await insertNode(database, {
    uuid: 'c0ffee00-0000-4000-8000-000000000001',
    driver: 'redfish',
    provisionState: 'available',
    properties: { cpu_arch: 'aarch64' },
    interfaces: { network: 'neutron' },
  });
  for (const [index, address] of MACS.entries())
    await insertPort(database, {
      uuid: `c0ffee00-0000-4000-8000-00000000010${index}`,
      nodeUuid: node.uuid,
      address: address as Mac,
      pxeEnabled: index === 0,
      localLinkConnection: { switch_id: '00:11:22:33:44:55', port_id: `eth${index}` },
    });
  const service = { name: 'service', domain: { name: 'Default' } };
  const user = { name: 'glance', domain: { name: 'Default' } };
  const neutron = createNeutron(
    {
      authUrl: openstack.authUrl,
      credentials: { kind: 'password', user, password: openstack.password, project: service },
    },
    neutronUrl,
  );
  const provisionedOn = (provisioningNetwork: string | undefined): Networking =>
    createNetworking({
      database,
      neutron,
      networks: { provisioningNetwork, cleaningNetwork: 'net' },
      servers: { tftpServer: tryParseIpv4('192.0.2.1'), httpUrl: 'http://192.0.2.1:8088' },
      setupDelayMs: 0,
      hostOf: () => ({ ipxe: false, bootMode: 'uefi' }),
    });
  return { database, node, networking: provisionedOn('net'), provisionedOn };
}
