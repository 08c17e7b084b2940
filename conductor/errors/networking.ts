import type { ErrorRows } from './row.ts';

/** Failures between machines and the networks of Neutron. */
export const NETWORKING_ERRORS = {
  NETWORK_NOT_CONFIGURED: {
    status: 400,
    retry: false,
    cause: "The node's network interface needs what the configuration does not name.",
    next: 'Set what the message names and restart the conductor, or give the node the interface noop.',
  },
  VIF_MISSING: {
    status: 400,
    retry: false,
    cause: 'The machine boots from networks of its user, and is attached to none.',
    next: 'Attach a port of Neutron: openstack baremetal node vif attach NODE PORT.',
  },
  VIF_UNKNOWN: {
    status: 400,
    retry: false,
    cause: "The VIF is no port of Neutron's that the conductor's user can see.",
    next: 'Check the id with "openstack port show", and the role of the user of the section keystone.',
  },
  VIF_ATTACHED: {
    status: 409,
    retry: false,
    cause: 'The VIF is attached to this node already.',
    next: 'Nothing needs to be done; detach it first to move it.',
  },
  VIF_NOT_ATTACHED: {
    status: 400,
    retry: false,
    cause: 'The VIF is not attached to this node.',
    next: 'See "openstack baremetal node vif list" for those that are.',
  },
  PORT_BOUND: {
    status: 409,
    retry: false,
    cause: 'The port carries a VIF, so a network would lose its place.',
    next: 'Detach the VIF first, or put the node into maintenance.',
  },
  VIF_NO_FREE_PORT: {
    status: 400,
    retry: false,
    cause: 'Each port that fits carries another VIF, or stands in another physical network.',
    next: 'Detach a VIF, add a port, or correct physical_network of the ports.',
  },
} as const satisfies ErrorRows;
