import type { Stored } from '../store/records.ts';
import { lookUp, takeHeartbeat } from './agents.ts';
import { CHASSIS_RESOURCES } from './chassis/resources.ts';
import { conductorResources } from './conductors.ts';
import { create, type CrudSpec, list, patch, remove, show } from './crud.ts';
import { DRIVER_RESOURCES } from './drivers/resources.ts';
import { NODE_RESOURCES } from './nodes/resources.ts';
import { STATE_RESOURCES } from './nodes/stateResources.ts';
import { listPortsOfPortgroup, PORTGROUP_SPEC } from './portgroups/portgroups.ts';
import { listPorts, showPort } from './ports/list.ts';
import { createPort, patchPort, removePort } from './ports/write.ts';
import type { Resource } from './resource.ts';
import { type AboutProcess, showRoot, showV1 } from './root.ts';
import { CONNECTOR_SPEC, showVolumes, TARGET_SPEC } from './volume/volume.ts';

const PORT_RESOURCES: readonly Resource[] = [
  {
    path: '/v1/ports',
    GET: { what: 'Lists ports.', handle: (c) => listPorts(c, { path: 'ports' }) },
    POST: { what: 'Adds a port to a node.', handle: createPort },
  },
  {
    path: '/v1/ports/detail',
    GET: {
      what: 'Lists ports with all fields.',
      handle: (c) => listPorts(c, { detail: true, path: 'ports/detail' }),
    },
  },
  {
    path: '/v1/ports/:uuid',
    GET: { what: 'Shows a port.', handle: showPort },
    PATCH: { what: 'Changes a port by JSON patch.', handle: patchPort },
    DELETE: { what: 'Removes a port.', handle: removePort },
  },
];

const PORTGROUP_RESOURCES: readonly Resource[] = [
  ...crudResources(PORTGROUP_SPEC, 23),
  {
    path: '/v1/portgroups/:ident/ports',
    GET: {
      what: 'Lists ports of a portgroup.',
      handle: (c) => listPortsOfPortgroup(c),
      since: 24,
    },
  },
  {
    path: '/v1/portgroups/:ident/ports/detail',
    GET: {
      what: 'The same with all fields.',
      handle: (c) => listPortsOfPortgroup(c, true),
      since: 24,
    },
  },
];

const VOLUME_RESOURCES: readonly Resource[] = [
  { path: '/v1/volume', GET: { what: 'Links to volumes.', handle: showVolumes, since: 32 } },
  ...crudResources(CONNECTOR_SPEC, 32),
  ...crudResources(TARGET_SPEC, 32),
];

const AGENT_RESOURCES: readonly Resource[] = [
  { path: '/v1/lookup', GET: { what: 'An agent finds its node.', handle: lookUp, since: 22 } },
  {
    path: '/v1/heartbeat/:ident',
    POST: { what: 'An agent reports; refused without a token.', handle: takeHeartbeat, since: 22 },
  },
];

/** The resources of a kind that is created, listed, shown, patched and removed. */
function crudResources<T extends Stored, W extends { readonly uuid?: string | undefined }>(
  spec: CrudSpec<T, W>,
  since: number,
): Resource[] {
  const path = `/v1/${spec.shape.collection}`;
  const noun = spec.kind.noun.toLowerCase();
  const detail = { detail: true, path: `${spec.shape.collection}/detail` };
  return [
    {
      path,
      GET: { what: `Lists each ${noun}.`, handle: (c) => list(spec, c), since },
      POST: { what: `Makes a ${noun}.`, handle: (c) => create(spec, c), since },
    },
    {
      path: `${path}/detail`,
      GET: { what: 'The same with all fields.', handle: (c) => list(spec, c, detail), since },
    },
    {
      path: `${path}/:ident`,
      GET: { what: `Shows a ${noun}.`, handle: (c) => show(spec, c), since },
      PATCH: { what: `Changes a ${noun} by JSON patch.`, handle: (c) => patch(spec, c), since },
      DELETE: { what: `Removes a ${noun}.`, handle: (c) => remove(spec, c), since },
    },
  ];
}

/** Every resource of the API, in the order of the reference. */
export function resources(about: AboutProcess): readonly Resource[] {
  return [
    { path: '/', GET: { what: 'Versions, and what this process runs.', handle: showRoot(about) } },
    { path: '/v1', GET: { what: 'Links to the collections.', handle: showV1 } },
    ...NODE_RESOURCES,
    ...STATE_RESOURCES,
    ...PORT_RESOURCES,
    ...PORTGROUP_RESOURCES,
    ...CHASSIS_RESOURCES,
    ...DRIVER_RESOURCES,
    ...VOLUME_RESOURCES,
    ...conductorResources(about),
    ...AGENT_RESOURCES,
  ];
}
