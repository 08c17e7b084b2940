import type { Node, Port } from '../store/types.ts';

/** How Neutron's mechanism drivers find the switch ports of a machine (Ironic's form). */
export function binding(node: Pick<Node, 'uuid'>, ports: readonly Port[]): object {
  const links = ports
    .map(({ localLinkConnection }) => localLinkConnection)
    .filter((link) => Object.keys(link).length > 0);
  return {
    'binding:vnic_type': 'baremetal',
    'binding:host_id': node.uuid,
    'binding:profile': { local_link_information: links },
  };
}
