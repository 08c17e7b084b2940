import type { RuleName } from './rules.ts';

/** A thing of which a route names one, and whose node (or whose own project) counts. */
export type SubjectKind =
  | 'node'
  | 'port'
  | 'portgroup'
  | 'volumeConnector'
  | 'volumeTarget'
  | 'allocation';

/** Where a request names its subject. */
export type Place = 'path' | 'query' | 'body';

/** What a route asks for. */
export type RoutePolicy = {
  /** Answered without credentials; a list: only for these vendor methods. */
  readonly open?: true | readonly string[];
  /** Enough alone; absent: any valid token will do. */
  readonly rule?: RuleName;
  /** Tried when `rule` forbids; the answer is then narrowed to the caller's project. */
  readonly narrowed?: RuleName;
  readonly subject?: { readonly kind: SubjectKind; readonly in: Place };
  /** Rules of what the body changes take the place of `rule`. */
  readonly patchesNode?: true;
};

const OPEN: RoutePolicy = { open: true };
/** Vendor methods that ramdisks call; a key of the deploy protects them. */
const RAMDISK_METHODS = ['pass_deploy_info', 'pass_bootloader_install_info'];

const plain = (rule: RuleName): RoutePolicy => ({ rule });
const on = (kind: SubjectKind, rule: RuleName, place: Place = 'path'): RoutePolicy => ({
  rule,
  subject: { kind, in: place },
});
const node = (rule: RuleName): RoutePolicy => on('node', rule);

type Listed = 'node' | 'port' | 'portgroup' | 'volume' | 'allocation';
const listOf = (listed: Listed, subject?: RoutePolicy['subject']): RoutePolicy => ({
  rule: `baremetal:${listed}:list_all`,
  narrowed: `baremetal:${listed}:list`,
  ...(subject && { subject }),
});
const IN_NODE = { kind: 'node', in: 'path' } as const;
const OF_ASKED_NODE = { kind: 'node', in: 'query' } as const;

const VENDOR_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const vendor = (path: string, policy: RoutePolicy) =>
  Object.fromEntries(VENDOR_METHODS.map((method) => [`${method} ${path}`, policy]));

/** Create, read, change and remove of a kind that belongs to a node. */
function ofNode(
  path: string,
  kind: SubjectKind,
  listed: 'port' | 'portgroup' | 'volume',
): Record<string, RoutePolicy> {
  return {
    [`GET ${path}`]: listOf(listed, OF_ASKED_NODE),
    [`POST ${path}`]: on('node', `baremetal:${listed}:create`, 'body'),
    [`GET ${path}/detail`]: listOf(listed, OF_ASKED_NODE),
    [`GET ${path}/*`]: on(kind, `baremetal:${listed}:get`),
    [`PATCH ${path}/*`]: on(kind, `baremetal:${listed}:update`),
    [`DELETE ${path}/*`]: on(kind, `baremetal:${listed}:delete`),
  };
}

function systemWide(path: string, name: 'chassis' | 'deploy_template') {
  return {
    [`GET ${path}`]: plain(`baremetal:${name}:get`),
    [`POST ${path}`]: plain(`baremetal:${name}:create`),
    [`GET ${path}/detail`]: plain(`baremetal:${name}:get`),
    [`GET ${path}/*`]: plain(`baremetal:${name}:get`),
    [`PATCH ${path}/*`]: plain(`baremetal:${name}:update`),
    [`DELETE ${path}/*`]: plain(`baremetal:${name}:delete`),
  };
}

const NODE = '/v1/nodes/*';

/**
 * What each route asks for, by method and path; `*` stands for a parameter. A route without a row
 * is refused to everyone. Routes that Ironic has not are marked.
 */
export const ROUTES: Readonly<Record<string, RoutePolicy>> = {
  'GET /': OPEN,
  'GET /v1': OPEN,
  'GET /openapi.json': OPEN, // our own
  'GET /v1/lookup': OPEN,
  'POST /v1/heartbeat/*': OPEN,
  'POST /v1/continue_inspection': OPEN,

  'GET /v1/nodes': listOf('node'),
  'GET /v1/nodes/detail': listOf('node'),
  'POST /v1/nodes': {
    rule: 'baremetal:node:create',
    narrowed: 'baremetal:node:create:self_owned_node',
  },
  'GET /v1/nodes/validate': on('node', 'baremetal:node:validate', 'query'),
  [`GET ${NODE}`]: node('baremetal:node:get'),
  [`PATCH ${NODE}`]: { ...node('baremetal:node:update'), patchesNode: true },
  [`DELETE ${NODE}`]: {
    ...node('baremetal:node:delete'),
    narrowed: 'baremetal:node:delete:self_owned_node',
  },
  [`GET ${NODE}/validate`]: node('baremetal:node:validate'),
  [`GET ${NODE}/timeline`]: node('baremetal:node:history:get'), // our own
  [`GET ${NODE}/timeline/phases`]: node('baremetal:node:history:get'), // our own
  [`GET ${NODE}/why`]: node('baremetal:node:history:get'), // our own
  [`GET ${NODE}/recording`]: node('baremetal:node:history:get'), // our own
  [`GET ${NODE}/kernel_line`]: node('baremetal:node:get:driver_info'), // our own
  [`POST ${NODE}/verify`]: node('baremetal:node:set_provision_state'), // our own
  [`GET ${NODE}/history`]: node('baremetal:node:history:get'),
  [`GET ${NODE}/history/*`]: node('baremetal:node:history:get'),
  [`GET ${NODE}/inventory`]: node('baremetal:node:inventory:get'),
  [`GET ${NODE}/children`]: listOf('node', IN_NODE),
  [`GET ${NODE}/firmware`]: node('baremetal:node:firmware:get'),
  [`POST ${NODE}/vmedia`]: node('baremetal:node:vmedia:attach'),
  [`DELETE ${NODE}/vmedia`]: node('baremetal:node:vmedia:detach'),

  [`GET ${NODE}/states`]: node('baremetal:node:get_states'),
  [`PUT ${NODE}/states/power`]: node('baremetal:node:set_power_state'),
  [`PUT ${NODE}/states/power/confirmation`]: node('baremetal:node:set_power_state'), // our own
  [`PUT ${NODE}/states/provision`]: node('baremetal:node:set_provision_state'),
  [`PUT ${NODE}/states/raid`]: node('baremetal:node:set_raid_state'),
  [`PUT ${NODE}/states/boot_mode`]: node('baremetal:node:set_boot_mode'),
  [`PUT ${NODE}/states/secure_boot`]: node('baremetal:node:set_secure_boot'),
  [`GET ${NODE}/states/console`]: node('baremetal:node:get_console'),
  [`PUT ${NODE}/states/console`]: node('baremetal:node:set_console_state'),
  'GET /v1/nodes/states/console/*': node('baremetal:node:get_console'),
  [`PUT ${NODE}/maintenance`]: node('baremetal:node:set_maintenance'),
  [`DELETE ${NODE}/maintenance`]: node('baremetal:node:clear_maintenance'),

  [`GET ${NODE}/management/boot_device`]: node('baremetal:node:get_boot_device'),
  [`PUT ${NODE}/management/boot_device`]: node('baremetal:node:set_boot_device'),
  [`GET ${NODE}/management/boot_device/supported`]: node('baremetal:node:get_boot_device'),
  [`PUT ${NODE}/management/inject_nmi`]: node('baremetal:node:inject_nmi'),
  [`GET ${NODE}/management/indicators`]: node('baremetal:node:get_indicator_state'),
  [`GET ${NODE}/management/indicators/*`]: node('baremetal:node:get_indicator_state'),
  [`GET ${NODE}/management/indicators/*/*`]: node('baremetal:node:get_indicator_state'),
  [`PUT ${NODE}/management/indicators/*`]: node('baremetal:node:set_indicator_state'),
  [`PUT ${NODE}/management/indicators/*/*`]: node('baremetal:node:set_indicator_state'),

  [`GET ${NODE}/vendor_passthru/methods`]: node('baremetal:node:vendor_passthru'),
  ...vendor(`${NODE}/vendor_passthru`, node('baremetal:node:vendor_passthru')),
  ...vendor(`${NODE}/vendor_passthru/*`, node('baremetal:node:vendor_passthru')),
  [`POST ${NODE}/vendor_passthru/*`]: {
    ...node('baremetal:node:vendor_passthru'),
    open: RAMDISK_METHODS,
  },

  [`GET ${NODE}/ports`]: listOf('port', IN_NODE),
  [`GET ${NODE}/ports/detail`]: listOf('port', IN_NODE),
  [`GET ${NODE}/portgroups`]: listOf('portgroup', IN_NODE),
  [`GET ${NODE}/portgroups/detail`]: listOf('portgroup', IN_NODE),
  [`GET ${NODE}/volume`]: node('baremetal:volume:get'),
  [`GET ${NODE}/volume/connectors`]: listOf('volume', IN_NODE),
  [`GET ${NODE}/volume/targets`]: listOf('volume', IN_NODE),
  [`GET ${NODE}/traits`]: node('baremetal:node:traits:list'),
  [`PUT ${NODE}/traits`]: node('baremetal:node:traits:set'),
  [`DELETE ${NODE}/traits`]: node('baremetal:node:traits:delete'),
  [`PUT ${NODE}/traits/*`]: node('baremetal:node:traits:set'),
  [`DELETE ${NODE}/traits/*`]: node('baremetal:node:traits:delete'),
  [`GET ${NODE}/vifs`]: node('baremetal:node:vif:list'),
  [`POST ${NODE}/vifs`]: node('baremetal:node:vif:attach'),
  [`DELETE ${NODE}/vifs/*`]: node('baremetal:node:vif:detach'),
  [`GET ${NODE}/bios`]: node('baremetal:node:bios:get'),
  [`GET ${NODE}/bios/*`]: node('baremetal:node:bios:get'),
  [`GET ${NODE}/allocation`]: node('baremetal:allocation:get'),
  [`DELETE ${NODE}/allocation`]: node('baremetal:allocation:delete'),

  ...ofNode('/v1/ports', 'port', 'port'),
  ...ofNode('/v1/portgroups', 'portgroup', 'portgroup'),
  'GET /v1/portgroups/*/ports': listOf('port', { kind: 'portgroup', in: 'path' }),
  'GET /v1/portgroups/*/ports/detail': listOf('port', { kind: 'portgroup', in: 'path' }),
  'GET /v1/volume': {}, // links only
  ...ofNode('/v1/volume/connectors', 'volumeConnector', 'volume'),
  ...ofNode('/v1/volume/targets', 'volumeTarget', 'volume'),

  ...systemWide('/v1/chassis', 'chassis'),
  'GET /v1/chassis/*/nodes': listOf('node'),
  'GET /v1/chassis/*/nodes/detail': listOf('node'),
  ...systemWide('/v1/deploy_templates', 'deploy_template'),

  'GET /v1/drivers': plain('baremetal:driver:get'),
  'GET /v1/drivers/*': plain('baremetal:driver:get'),
  'GET /v1/drivers/properties': plain('baremetal:driver:get_properties'),
  'GET /v1/drivers/*/properties': plain('baremetal:driver:get_properties'),
  'GET /v1/drivers/*/raid/logical_disk_properties': plain(
    'baremetal:driver:get_raid_logical_disk_properties',
  ),
  'GET /v1/drivers/*/vendor_passthru/methods': plain('baremetal:driver:vendor_passthru'),
  ...vendor('/v1/drivers/*/vendor_passthru', plain('baremetal:driver:vendor_passthru')),
  ...vendor('/v1/drivers/*/vendor_passthru/*', plain('baremetal:driver:vendor_passthru')),
  'GET /v1/conductors': plain('baremetal:conductor:get'),
  'GET /v1/conductors/*': plain('baremetal:conductor:get'),
  'GET /v1/shards': plain('baremetal:shards:get'),
  'POST /v1/events': plain('baremetal:events:post'),

  // Our own.
  'GET /v1/images': plain('ironpxe:image:get'),
  'GET /v1/images/*': plain('ironpxe:image:get'),
  'PUT /v1/images/*': plain('ironpxe:image:write'),
  'DELETE /v1/images/*': plain('ironpxe:image:write'),

  'GET /v1/allocations': listOf('allocation'),
  'POST /v1/allocations': {
    rule: 'baremetal:allocation:create_restricted',
    narrowed: 'baremetal:allocation:create',
    subject: { kind: 'node', in: 'body' },
  },
  'GET /v1/allocations/*': on('allocation', 'baremetal:allocation:get'),
  'PATCH /v1/allocations/*': on('allocation', 'baremetal:allocation:update'),
  'DELETE /v1/allocations/*': on('allocation', 'baremetal:allocation:delete'),
};

/** The policy of a route as the router names it (`/v1/nodes/:ident`); HEAD is GET. */
export function policyOf(method: string, path: string): RoutePolicy | undefined {
  const asked = method === 'HEAD' ? 'GET' : method;
  const key = `${asked} ${path.replaceAll(/:\w+/g, '*')}`;
  return Object.hasOwn(ROUTES, key) ? ROUTES[key] : undefined;
}
