import { z } from 'zod';
import { namedImage } from '../../deploy/namedImage.ts';
import { FILTERS as NODE_FILTERS } from '../nodes/list.ts';
import * as request from '../schemas.ts';
import type { AnswerName } from './answers.ts';

/** What an operation takes and gives, beside what its endpoint says. */
export type Operation = {
  readonly status: number;
  readonly body?: z.ZodType;
  readonly query?: readonly string[];
  /** The answer: a thing, a list of things under a name, or nothing. */
  readonly answer?: AnswerName | z.ZodType;
  readonly list?: readonly [name: string, of: AnswerName];
};

const PAGE = ['limit', 'marker', 'sort_key', 'sort_dir', 'fields', 'detail'] as const;
const NO_CONTENT: Operation = { status: 204 };
const ACCEPTED: Operation = { status: 202 };

const shown = (answer: Operation['answer'], query: readonly string[] = []): Operation => ({
  status: 200,
  ...(answer !== undefined && { answer }),
  query,
});
const listed = (name: string, of: AnswerName, query: readonly string[] = []): Operation => ({
  status: 200,
  list: [name, of],
  query: [...PAGE, ...query],
});
const takes = (operation: Operation, body: z.ZodType): Operation => ({ ...operation, body });

type Table = Record<string, Operation>;

/** The rows of a resource that is created, listed, shown, patched and removed. */
function crud(
  path: string,
  one: string,
  name: string,
  of: AnswerName,
  options: { readonly body: z.ZodType; readonly query?: readonly string[] },
): Table {
  return {
    [`GET ${path}`]: listed(name, of, options.query),
    [`POST ${path}`]: { status: 201, body: options.body, answer: of },
    [`GET ${path}/detail`]: listed(name, of, options.query),
    [`GET ${path}/${one}`]: shown(of, ['fields']),
    [`PATCH ${path}/${one}`]: takes(shown(of), request.jsonPatch),
    [`DELETE ${path}/${one}`]: NO_CONTENT,
  };
}

const NODE = '/v1/nodes/:ident';
const names = (key: string) => z.strictObject({ [key]: z.array(z.string()) });

/** A vendor method: whatever its driver takes and gives. */
function vendor(path: string, methods: readonly string[]): Table {
  return Object.fromEntries(
    methods.map((method) => [
      `${method} ${path}`,
      { status: 200, answer: 'Any', ...(method !== 'GET' && { body: z.unknown() }) } as const,
    ]),
  );
}

const NODES: Table = {
  ...crud('/v1/nodes', ':ident', 'nodes', 'Node', {
    body: request.nodeCreated,
    query: Object.keys(NODE_FILTERS),
  }),
  [`PATCH ${NODE}`]: takes(shown('Node', ['reset_interfaces']), request.jsonPatch),
  'GET /v1/nodes/validate': shown('Validation', ['node', 'node_uuid']),
  [`GET ${NODE}/validate`]: shown('Validation'),
  [`GET ${NODE}/children`]: shown(
    z.strictObject({
      children: z.array(z.uuid()),
      links: z.strictObject({ href: z.url(), rel: z.literal('children') }),
    }),
  ),
  [`GET ${NODE}/timeline`]: shown('Timeline', ['after', 'limit']),
  [`GET ${NODE}/timeline/phases`]: shown('Phases'),
  [`GET ${NODE}/why`]: shown('Explanation'),
  [`GET ${NODE}/recording`]: shown('Object'),
  [`GET ${NODE}/kernel_line`]: shown('Object'),
  [`POST ${NODE}/verify`]: ACCEPTED,
  [`GET ${NODE}/ports`]: listed('ports', 'Port'),
  [`GET ${NODE}/ports/detail`]: listed('ports', 'Port'),
  [`GET ${NODE}/portgroups`]: listed('portgroups', 'Portgroup'),
  [`GET ${NODE}/portgroups/detail`]: listed('portgroups', 'Portgroup'),
  [`GET ${NODE}/vifs`]: shown(z.strictObject({ vifs: z.array(z.looseObject({ id: z.string() })) })),
  [`POST ${NODE}/vifs`]: takes(NO_CONTENT, request.vifAttach),
  [`DELETE ${NODE}/vifs/:vif`]: NO_CONTENT,
  [`GET ${NODE}/traits`]: shown(names('traits')),
  [`PUT ${NODE}/traits`]: takes(NO_CONTENT, request.traitList),
  [`DELETE ${NODE}/traits`]: NO_CONTENT,
  [`PUT ${NODE}/traits/:trait`]: NO_CONTENT,
  [`DELETE ${NODE}/traits/:trait`]: NO_CONTENT,
  [`GET ${NODE}/bios`]: shown('Object', ['detail', 'fields']),
  [`GET ${NODE}/bios/:setting`]: shown('Object'),
  [`GET ${NODE}/volume`]: shown('Object'),
  [`GET ${NODE}/volume/connectors`]: listed('connectors', 'VolumeConnector'),
  [`GET ${NODE}/volume/targets`]: listed('targets', 'VolumeTarget'),
  [`GET ${NODE}/history`]: {
    status: 200,
    list: ['history', 'HistoryEntry'],
    query: ['limit', 'marker', 'detail'],
  },
  [`GET ${NODE}/history/:event`]: shown('HistoryEntry'),
  [`GET ${NODE}/inventory`]: shown(
    z.strictObject({ inventory: request.jsonObject, plugin_data: request.jsonObject }),
  ),
  [`GET ${NODE}/firmware`]: {
    status: 200,
    list: ['firmware', 'FirmwareComponent'],
    query: ['detail', 'fields'],
  },
  [`POST ${NODE}/vmedia`]: takes(NO_CONTENT, request.mediaAttach),
  [`DELETE ${NODE}/vmedia`]: { ...NO_CONTENT, query: ['device_types'] },
  [`GET ${NODE}/allocation`]: shown('Allocation'),
  [`DELETE ${NODE}/allocation`]: NO_CONTENT,
  [`GET ${NODE}/management/indicators`]: shown('Object'),
  [`GET ${NODE}/management/indicators/:indicator`]: shown('Object'),
  [`PUT ${NODE}/management/indicators/:indicator`]: takes(NO_CONTENT, request.indicatorChange),
  [`PUT ${NODE}/management/inject_nmi`]: NO_CONTENT,
  [`GET ${NODE}/management/boot_device`]: shown('Object'),
  [`PUT ${NODE}/management/boot_device`]: takes(NO_CONTENT, request.bootDeviceChange),
  [`GET ${NODE}/management/boot_device/supported`]: shown(names('supported_boot_devices')),
  [`GET ${NODE}/vendor_passthru/methods`]: shown('Object'),
  ...vendor(`${NODE}/vendor_passthru`, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  ...vendor(`${NODE}/vendor_passthru/:method`, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
};

const STATES: Table = {
  [`GET ${NODE}/states`]: shown('NodeStates'),
  [`PUT ${NODE}/states/power`]: takes(ACCEPTED, request.powerChange),
  [`PUT ${NODE}/states/power/confirmation`]: takes(ACCEPTED, request.powerConfirmation),
  [`PUT ${NODE}/states/provision`]: takes(ACCEPTED, request.provisionChange),
  [`GET ${NODE}/states/console`]: shown('Object'),
  [`PUT ${NODE}/states/console`]: takes(ACCEPTED, request.consoleChange),
  'GET /v1/nodes/states/console/:ident': shown('Object'),
  [`PUT ${NODE}/states/raid`]: takes(NO_CONTENT, request.raidConfig),
  [`PUT ${NODE}/states/boot_mode`]: takes(ACCEPTED, request.bootModeChange),
  [`PUT ${NODE}/states/secure_boot`]: takes(ACCEPTED, request.secureBootChange),
  [`PUT ${NODE}/maintenance`]: takes(ACCEPTED, request.maintenanceChange),
  [`DELETE ${NODE}/maintenance`]: ACCEPTED,
};

const PORTS: Table = {
  ...crud('/v1/ports', ':ident', 'ports', 'Port', {
    body: request.portWrite,
    query: ['node', 'node_uuid', 'address', 'portgroup', 'shard'],
  }),
  ...crud('/v1/portgroups', ':ident', 'portgroups', 'Portgroup', {
    body: request.portgroupWrite,
    query: ['node', 'address'],
  }),
  'GET /v1/portgroups/:ident/ports': listed('ports', 'Port'),
  'GET /v1/portgroups/:ident/ports/detail': listed('ports', 'Port'),
};

const DRIVERS: Table = {
  'GET /v1/drivers': {
    status: 200,
    list: ['drivers', 'Driver'],
    query: ['type', 'detail', 'fields'],
  },
  'GET /v1/drivers/properties': shown('Object', ['driver_name']),
  'GET /v1/drivers/:name': shown('Driver', ['fields']),
  'GET /v1/drivers/:name/properties': shown('Object'),
  'GET /v1/drivers/:name/raid/logical_disk_properties': shown('Object'),
  'GET /v1/drivers/:name/vendor_passthru/methods': shown('Object'),
  ...vendor('/v1/drivers/:name/vendor_passthru/:method', ['GET', 'POST', 'PUT', 'DELETE']),
};

const VOLUMES: Table = {
  'GET /v1/volume': shown('Object'),
  ...crud('/v1/volume/connectors', ':ident', 'connectors', 'VolumeConnector', {
    body: request.volumeConnectorWrite,
    query: ['node'],
  }),
  ...crud('/v1/volume/targets', ':ident', 'targets', 'VolumeTarget', {
    body: request.volumeTargetWrite,
    query: ['node'],
  }),
};

const OTHERS: Table = {
  'GET /': shown('Object'),
  'GET /v1': shown('Object'),
  'GET /openapi.json': shown('Object'),
  'GET /v1/allocations': listed('allocations', 'Allocation', [
    'node',
    'resource_class',
    'state',
    'owner',
  ]),
  'POST /v1/allocations': { status: 201, body: request.allocationWrite, answer: 'Allocation' },
  'GET /v1/allocations/:ident': shown('Allocation', ['fields']),
  'PATCH /v1/allocations/:ident': takes(shown('Allocation'), request.jsonPatch),
  'DELETE /v1/allocations/:ident': NO_CONTENT,
  'POST /v1/events': takes(NO_CONTENT, request.externalEvents),
  'GET /v1/shards': shown(
    z.strictObject({
      shards: z.array(z.strictObject({ name: z.string(), count: z.number().int() })),
    }),
  ),
  'GET /v1/conductors': listed('conductors', 'Conductor'),
  'GET /v1/conductors/:hostname': shown('Conductor', ['fields']),
  'GET /v1/images': { status: 200, list: ['images', 'Image'] },
  'GET /v1/images/:name': shown('Image'),
  'PUT /v1/images/:name': takes(shown('Image'), namedImage),
  'DELETE /v1/images/:name': NO_CONTENT,
  'GET /v1/lookup': shown(
    z.strictObject({ node: request.jsonObject, config: request.jsonObject }),
    ['addresses', 'node_uuid'],
  ),
  'POST /v1/heartbeat/:ident': takes(ACCEPTED, request.heartbeat),
  'POST /v1/continue_inspection': {
    status: 202,
    body: request.agentInspection,
    query: ['node_uuid'],
    answer: z.union([
      z.strictObject({ uuid: z.string() }),
      z.strictObject({ node: request.jsonObject, config: request.jsonObject }),
    ]),
  },
};

/** Every operation of the API, by method and route. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...NODES,
  ...STATES,
  ...PORTS,
  ...crud('/v1/chassis', ':uuid', 'chassis', 'Chassis', { body: request.chassisWrite }),
  'GET /v1/chassis/:uuid/nodes': listed('nodes', 'Node', Object.keys(NODE_FILTERS)),
  'GET /v1/chassis/:uuid/nodes/detail': listed('nodes', 'Node', Object.keys(NODE_FILTERS)),
  ...DRIVERS,
  ...VOLUMES,
  ...crud('/v1/deploy_templates', ':ident', 'deploy_templates', 'DeployTemplate', {
    body: request.templateWrite,
  }),
  ...OTHERS,
};
