import { z } from 'zod';
import { FAULTS } from '../../deploy/outcome.ts';
import { IronpxeError } from '../../errors/error.ts';
import { getChassis } from '../../store/chassis.ts';
import { isProvisionState } from '../../states/index.ts';
import { findNode } from '../../store/nodes.ts';
import { type PageQuery, turnsOfRows } from '../../store/pages.ts';
import { readDetail, refuseNewer, wantedFields } from '../fields.ts';
import { JsonList } from '../jsonList.ts';
import { nextPage, readPage, refuseUnknown } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { rowWriter } from '../rows.ts';
import { bool, parse, uuid } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';
import { NODE_SHAPE } from './shape.ts';
import { renderNode } from './view.ts';

/** Sort key on the wire → column. JSON fields cannot be sorted by. */
const SORT_COLUMNS = {
  uuid: 'uuid',
  name: 'name',
  driver: 'driver',
  chassis_uuid: 'chassisUuid',
  instance_uuid: 'instanceUuid',
  provision_state: 'provisionState',
  target_provision_state: 'targetProvisionState',
  provision_updated_at: 'provisionUpdatedAt',
  power_state: 'powerState',
  target_power_state: 'targetPowerState',
  maintenance: 'maintenance',
  last_error: 'lastError',
  resource_class: 'resourceClass',
  owner: 'owner',
  description: 'description',
  protected: 'protected',
  protected_reason: 'protectedReason',
  retired: 'retired',
  retired_reason: 'retiredReason',
  lessee: 'lessee',
  shard: 'shard',
  parent_node: 'parentNode',
  fault: 'fault',
  automated_clean: 'automatedClean',
  maintenance_reason: 'maintenanceReason',
  boot_mode: 'bootMode',
  secure_boot: 'secureBoot',
  console_enabled: 'consoleEnabled',
  inspection_started_at: 'inspectionStartedAt',
  inspection_finished_at: 'inspectionFinishedAt',
  reservation: 'reservation',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
} as const;

type Condition = Pick<PageQuery, 'equal' | 'present' | 'contains' | 'anyOf'>;

const equal = (column: string, value: string | number): Condition => ({
  equal: { [column]: value },
  present: {},
});

const EVERYTHING: Condition = { equal: {}, present: {} };
const NOTHING: Condition = { equal: {}, present: { uuid: false } };
/** What is built into another node is shown to those only who ask for it. */
const WITHOUT_CHILDREN: Condition = { equal: {}, present: { parentNode: false } };

/** Filter on the wire → condition. */
export const FILTERS: Readonly<
  Record<string, (value: string, call: Call) => Condition | Promise<Condition>>
> = {
  associated: (value) => ({
    equal: {},
    present: { instanceUuid: parse(bool, value, 'associated') },
  }),
  maintenance: (value) => equal('maintenance', Number(parse(bool, value, 'maintenance'))),
  instance_uuid: (value) => equal('instanceUuid', parse(uuid, value, 'instance_uuid')),
  chassis_uuid: (value) => equal('chassisUuid', parse(uuid, value, 'chassis_uuid')),
  provision_state: (value) => equal('provisionState', knownState(value)),
  driver: (value) => equal('driver', value),
  resource_class: (value) => equal('resourceClass', value),
  fault: (value) => equal('fault', parse(z.enum(FAULTS), value, 'fault')),
  conductor: (value, call) => (value === call.conductor.name ? EVERYTHING : NOTHING),
  owner: (value) => equal('owner', value),
  description_contains: (value) => ({ ...EVERYTHING, contains: { description: value } }),
  conductor_group: (value) => (value === '' ? EVERYTHING : NOTHING),
  retired: (value) => equal('retired', Number(parse(bool, value, 'retired'))),
  lessee: (value) => equal('lessee', value),
  project: (value) => ({ ...EVERYTHING, anyOf: [ownedOrLeased(value)] }),
  shard: (value) => ({ ...EVERYTHING, anyOf: [value.split(',').map((name) => ['shard', name])] }),
  sharded: (value) => ({ equal: {}, present: { shard: parse(bool, value, 'sharded') } }),
  parent_node: async (value, call) => {
    const parent = await findNode(call.database, value);
    return parent === undefined ? NOTHING : equal('parentNode', parent.uuid);
  },
  include_children: (value) =>
    parse(bool, value, 'include_children') ? EVERYTHING : WITHOUT_CHILDREN,
};

function ownedOrLeased(project: string): [string, string][] {
  return [
    ['owner', project],
    ['lessee', project],
  ];
}

function knownState(value: string): string {
  if (isProvisionState(value)) return value;
  throw new IronpxeError('INVALID_REQUEST', `Provision state "${value}" is not valid.`);
}

/** The filters of a request as one condition. @throws IronpxeError INVALID_REQUEST, NOT_ACCEPTABLE */
async function readFilters(call: Call): Promise<Condition> {
  refuseUnknown(call, Object.keys(FILTERS));
  const asked = Object.entries(FILTERS).flatMap(([name, read]) => {
    const value = call.query[name];
    if (value === undefined) return [];
    refuseNewer('nodeFilters', name, call.minor);
    return [Promise.resolve(read(value, call))];
  });
  const { include_children: included, parent_node: parent } = call.query;
  const isPlain = included === undefined && parent === undefined;
  const conditions = [...(isPlain ? [WITHOUT_CHILDREN] : []), ...(await Promise.all(asked))];
  return {
    equal: Object.assign({}, ...conditions.map((condition) => condition.equal)),
    present: Object.assign({}, ...conditions.map((condition) => condition.present)),
    contains: Object.assign({}, ...conditions.map((condition) => condition.contains)),
    anyOf: conditions.flatMap((condition) => condition.anyOf ?? []),
  };
}

/** `GET /v1/nodes` and, with `detail`, `GET /v1/nodes/detail`. */
export async function listNodes(
  call: Call,
  options: { readonly detail?: true; readonly path: string; readonly within?: Condition },
): Promise<Answer> {
  const names = wantedFields(NODE_SHAPE, call, options.detail ?? readDetail(call));
  const page = readPage(call, SORT_COLUMNS);
  const asked = await readFilters(call);
  if (call.query.chassis_uuid !== undefined)
    await getChassis(call.database, call.query.chassis_uuid);
  const writer = rowWriter(NODE_SHAPE.fields, NODE_SHAPE.collection, names);
  const query = { ...page, ...asked, equal: { ...asked.equal, ...options.within?.equal } };
  const items = new JsonList('nodes');
  let lastUuid: string | undefined;
  for await (const rows of turnsOfRows(call.database, 'nodes', writer.columns, query)) {
    for (const row of rows) items.add(writer.write(row, call));
    lastUuid = String(rows.at(-1)?.uuid);
  }
  // An instance lives on one node: there is nothing after it.
  const limit = call.query.instance_uuid === undefined ? page.limit : Number.POSITIVE_INFINITY;
  const next = nextPage(call, { path: options.path, items }, { limit, lastUuid });
  return { status: 200, ...items.end(next) };
}

/** `GET /v1/nodes/{ident}` */
export async function showNode(call: Call): Promise<Answer> {
  const detail = call.query.fields === undefined;
  const names = wantedFields(NODE_SHAPE, call, detail);
  return { status: 200, json: await renderNode(call, await nodeOfPath(call), names) };
}
