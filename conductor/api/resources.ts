import type { Stored } from '../store/records.ts';
import {
  continueInspection,
  INSPECTION_BODY_LIMIT_BYTES,
  lookUp,
  takeHeartbeat,
} from './agents.ts';
import { ALLOCATION_RESOURCES } from './allocations/resources.ts';
import { CHASSIS_RESOURCES } from './chassis/resources.ts';
import { conductorResources } from './conductors.ts';
import { create, type CrudSpec, list, patch, remove, show } from './crud.ts';
import { DRIVER_RESOURCES } from './drivers/resources.ts';
import { takeEvents } from './externalEvents.ts';
import { NODE_RESOURCES } from './nodes/resources.ts';
import { STATE_RESOURCES } from './nodes/stateResources.ts';
import { listPortsOfPortgroup, PORTGROUP_SPEC } from './portgroups/portgroups.ts';
import { listPorts, showPort } from './ports/list.ts';
import { createPort, patchPort, removePort } from './ports/write.ts';
import { IMAGE_RESOURCES } from './images.ts';
import { openApiDocument } from './openapi/document.ts';
import type { Answer, Resource } from './resource.ts';
import { type AboutProcess, showRoot, showV1 } from './root.ts';
import { listShards } from './shards.ts';
import { TEMPLATE_SPEC } from './templates/templates.ts';
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
    path: '/v1/ports/:ident',
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

const OTHER_RESOURCES: readonly Resource[] = [
  {
    path: '/v1/events',
    POST: {
      what: 'Neutron tells of its ports; noted in the timeline.',
      handle: takeEvents,
      since: 54,
    },
  },
  {
    path: '/v1/shards',
    GET: { what: 'Counts the nodes of each shard.', handle: listShards, since: 82 },
  },
];

const AGENT_RESOURCES: readonly Resource[] = [
  { path: '/v1/lookup', GET: { what: 'An agent finds its node.', handle: lookUp, since: 22 } },
  {
    path: '/v1/heartbeat/:ident',
    POST: { what: 'An agent reports.', handle: takeHeartbeat, since: 22 },
  },
  {
    path: '/v1/continue_inspection',
    POST: {
      what: 'An agent tells what it found in an inspection.',
      handle: continueInspection,
      bodyLimitBytes: INSPECTION_BODY_LIMIT_BYTES,
    },
  },
];

/** The resources of a kind that is created, listed, shown, patched and removed. */
function crudResources<T extends Stored, W extends { readonly uuid?: string | undefined }>(
  spec: CrudSpec<T, W>,
  since: number,
  tooOld: 404 | 405 = 404,
): Resource[] {
  const path = `/v1/${spec.shape.collection}`;
  const noun = spec.kind.noun.toLowerCase();
  const detail = { detail: true, path: `${spec.shape.collection}/detail` };
  return [
    {
      path,
      GET: { what: `Lists each ${noun}.`, handle: (c) => list(spec, c), since },
      POST: { what: `Makes a ${noun}.`, handle: (c) => create(spec, c), since, tooOld },
    },
    {
      path: `${path}/detail`,
      GET: { what: 'The same with all fields.', handle: (c) => list(spec, c, detail), since },
    },
    {
      path: `${path}/:ident`,
      GET: { what: `Shows a ${noun}.`, handle: (c) => show(spec, c), since },
      PATCH: {
        what: `Changes a ${noun} by JSON patch.`,
        handle: (c) => patch(spec, c),
        since,
        tooOld,
      },
      DELETE: { what: `Removes a ${noun}.`, handle: (c) => remove(spec, c), since, tooOld },
    },
  ];
}

/** Every resource of the API, in the order of the reference. */
export function resources(about: AboutProcess): readonly Resource[] {
  const all = withoutDocument(about);
  // Made when it is first asked for: most processes never are.
  let document: string | undefined;
  const showDocument = (): Answer => {
    document ??= JSON.stringify(openApiDocument([...all, own], about.version));
    return { status: 200, json: document };
  };
  const own: Resource = {
    path: '/openapi.json',
    GET: { what: 'This API as OpenAPI 3.1.', handle: showDocument },
  };
  return [...all, own];
}

function withoutDocument(about: AboutProcess): readonly Resource[] {
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
    ...ALLOCATION_RESOURCES,
    ...crudResources(TEMPLATE_SPEC, 55, 405),
    ...OTHER_RESOURCES,
    ...conductorResources(about),
    ...IMAGE_RESOURCES,
    ...AGENT_RESOURCES,
  ];
}
