import { list, show } from '../crud.ts';
import { nodeOfPath } from '../nodes/ident.ts';
import type { Call, Resource } from '../resource.ts';
import {
  ALLOCATION_LIST,
  createAllocation,
  patchAllocation,
  removeAllocation,
  removeAllocationOfNode,
  showAllocationOfNode,
} from './allocations.ts';

const SINCE_MINOR = 52;
/** For requests that are too old, Ironic tells apart whether they read. */
const WRITE = { since: SINCE_MINOR, tooOld: 405 } as const;

/** Everything below `/v1/allocations`, and a node's own allocation. */
export const ALLOCATION_RESOURCES: readonly Resource[] = [
  {
    path: '/v1/allocations',
    GET: {
      what: 'Lists allocations.',
      handle: (call: Call) => list(ALLOCATION_LIST, call),
      since: SINCE_MINOR,
    },
    POST: { what: 'Asks for a node of a resource class.', handle: createAllocation, ...WRITE },
  },
  {
    path: '/v1/allocations/:ident',
    GET: {
      what: 'Shows an allocation.',
      handle: (call: Call) => show(ALLOCATION_LIST, call),
      since: SINCE_MINOR,
    },
    PATCH: {
      what: 'Changes name or extra of an allocation.',
      handle: patchAllocation,
      since: 57,
      tooOld: 405,
    },
    DELETE: { what: 'Gives the node back.', handle: removeAllocation, ...WRITE },
  },
  {
    path: '/v1/nodes/:ident/allocation',
    GET: {
      what: "Shows a node's allocation.",
      handle: async (call) => showAllocationOfNode(call, await nodeOfPath(call)),
      since: SINCE_MINOR,
    },
    DELETE: {
      what: 'Gives the node back.',
      handle: async (call) => removeAllocationOfNode(call, await nodeOfPath(call)),
      since: SINCE_MINOR,
    },
  },
];
