import type { ErrorRows } from './row.ts';

/** Failures of requests to the API and of what they name. */
export const API_ERRORS = {
  NODE_NOT_FOUND: {
    status: 404,
    retry: false,
    cause: 'No node has this UUID or name.',
    next: 'List the nodes with "ironpxe node list".',
  },
  PORT_NOT_FOUND: {
    status: 404,
    retry: false,
    cause: 'No port has this UUID.',
    next: 'List the ports of the node with "ironpxe node show NODE".',
  },
  NODE_EXISTS: {
    status: 409,
    retry: false,
    cause: 'A node with the same name or UUID was enrolled before.',
    next: 'Choose another name, or change the node that exists.',
  },
  MAC_EXISTS: {
    status: 409,
    retry: false,
    cause: 'Another port has this MAC address; a NIC belongs to one node.',
    next: 'Remove the other port, or correct the address.',
  },
  PORT_EXISTS: {
    status: 409,
    retry: false,
    cause: 'A port with the same UUID exists.',
    next: 'Leave the UUID out to have one made.',
  },
  INSTANCE_ASSOCIATED: {
    status: 409,
    retry: false,
    cause: 'An instance lives on one node only.',
    next: 'Take the instance off the other node first.',
  },
  NODE_LOCKED: {
    status: 409,
    retry: true,
    cause: 'The conductor is working on the node.',
    next: 'Try again in a few seconds.',
  },
  INVALID_STATE: {
    status: 400,
    retry: false,
    cause: "The verb is not allowed in the node's provision state.",
    next: 'See docs/reference/provision-states.md for what each state allows.',
  },
  VERB_UNSUPPORTED: {
    status: 400,
    retry: false,
    cause: "The node's driver has nothing that carries out this verb.",
    next: 'Use a verb that the driver supports.',
  },
  NODE_IN_MAINTENANCE: {
    status: 400,
    retry: false,
    cause: 'Nodes in maintenance are not deployed.',
    next: 'Take the node out of maintenance first.',
  },
  INVALID_REQUEST: {
    status: 400,
    retry: false,
    cause: 'The request does not have the form that the API expects.',
    next: 'Correct what the message names.',
  },
} as const satisfies ErrorRows;
