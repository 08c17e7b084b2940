import type { Resource } from '../resource.ts';
import {
  createChassis,
  listChassis,
  listNodesOfChassis,
  patchChassis,
  removeChassis,
  showChassis,
} from './chassis.ts';

/** Everything below `/v1/chassis`. */
export const CHASSIS_RESOURCES: readonly Resource[] = [
  {
    path: '/v1/chassis',
    GET: { what: 'Lists chassis.', handle: (c) => listChassis(c) },
    POST: { what: 'Makes a chassis.', handle: createChassis },
  },
  {
    path: '/v1/chassis/detail',
    GET: { what: 'Lists chassis with all fields.', handle: (c) => listChassis(c, true) },
  },
  {
    path: '/v1/chassis/:uuid',
    GET: { what: 'Shows a chassis.', handle: showChassis },
    PATCH: { what: 'Changes a chassis by JSON patch.', handle: patchChassis },
    DELETE: { what: 'Removes an empty chassis.', handle: removeChassis },
  },
  {
    path: '/v1/chassis/:uuid/nodes',
    GET: { what: 'Lists nodes of a chassis.', handle: (c) => listNodesOfChassis(c) },
  },
  {
    path: '/v1/chassis/:uuid/nodes/detail',
    GET: { what: 'The same with all fields.', handle: (c) => listNodesOfChassis(c, true) },
  },
];
