import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { ownerOfNew } from '../../auth/access.ts';
import { IronpxeError } from '../../errors/error.ts';
import type { ProvisionState } from '../../states/index.ts';
import { type Allocation, ALLOCATIONS, deleteAllocation } from '../../store/allocations.ts';
import { getNode } from '../../store/nodes.ts';
import { getRecord, insertRecord, updateRecord } from '../../store/records.ts';
import type { Node } from '../../store/types.ts';
import { changesNothing, checkRoots, type ListSpec } from '../crud.ts';
import { refuseNewer, render, type Shape } from '../fields.ts';
import { MINOR } from '../gates.ts';
import { applyPatch, type PatchOperation } from '../jsonPatch.ts';
import { wireTime } from '../links.ts';
import { nodeOfBody } from '../nodes/body.ts';
import { checkName } from '../nodes/names.ts';
import { PATCHABLE_STATES } from '../nodes/patchRules.ts';
import type { Answer, Call } from '../resource.ts';
import { allocationPatched, allocationWrite, jsonPatch, parse } from '../schemas.ts';

const SHAPE: Shape<Allocation> = {
  collection: 'allocations',
  group: 'allocationFields',
  uuid: (allocation) => allocation.uuid,
  brief: [
    'uuid',
    'created_at',
    'updated_at',
    'candidate_nodes',
    'extra',
    'last_error',
    'name',
    'owner',
    'resource_class',
    'state',
    'traits',
    'node_uuid',
  ],
  fields: {
    uuid: (allocation) => allocation.uuid,
    created_at: (allocation) => wireTime(allocation.createdAt),
    updated_at: (allocation) => wireTime(allocation.updatedAt),
    candidate_nodes: (allocation) => allocation.candidateNodes,
    extra: (allocation) => allocation.extra,
    last_error: (allocation) => allocation.lastError,
    name: (allocation) => allocation.name,
    owner: (allocation) => allocation.owner,
    resource_class: (allocation) => allocation.resourceClass,
    state: (allocation) => allocation.state,
    traits: (allocation) => allocation.traits,
    node_uuid: (allocation) => allocation.nodeUuid,
  },
};

/** How allocations are listed and shown. */
export const ALLOCATION_LIST: ListSpec<Allocation> = {
  kind: ALLOCATIONS,
  shape: SHAPE,
  sortColumns: {
    uuid: 'uuid',
    name: 'name',
    state: 'state',
    resource_class: 'resourceClass',
    owner: 'owner',
    created_at: 'createdAt',
    updated_at: 'updatedAt',
  },
  filters: {
    node: async (call, value) => ({ nodeUuid: (await nodeOfBody(call, value)).uuid }),
    resource_class: async (_call, value) => ({ resourceClass: value }),
    state: async (_call, value) => ({ state: value }),
    owner: async (call, value) => {
      refuseNewer('allocationFields', 'owner', call.minor);
      return { owner: value };
    },
  },
};

/** `POST /v1/allocations`: a node is looked for in the background, or the named one is taken. */
export async function createAllocation(call: Call): Promise<Answer> {
  for (const name of Object.keys(Object(call.body)))
    refuseNewer('allocationFields', name, call.minor);
  const wanted = parse(allocationWrite, call.body, 'allocation');
  if (wanted.name) checkName(wanted.name, call.minor);
  const node = await namedNode(call, wanted.node);
  const uuid = wanted.uuid ?? node?.instanceUuid ?? randomUUID();
  const made = await insertRecord(
    call.database,
    ALLOCATIONS,
    uuid,
    await fieldsOf(call, wanted, node),
  );
  if (node === undefined) call.conductor.allocate(uuid);
  else await call.conductor.backfill(uuid, node);
  const shown = node === undefined ? made : await getRecord(call.database, ALLOCATIONS, uuid);
  return {
    status: 201,
    body: render(SHAPE, shown, call),
    location: `${call.baseUrl}/v1/allocations/${uuid}`,
  };
}

async function namedNode(call: Call, ident: string | null | undefined): Promise<Node | undefined> {
  if (!ident) return undefined;
  if (call.minor < MINOR.backfill)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `An allocation names its node from API version 1.${MINOR.backfill} on.`,
    );
  return nodeOfBody(call, ident);
}

async function fieldsOf(
  call: Call,
  wanted: z.output<typeof allocationWrite>,
  node: Node | undefined,
) {
  const resourceClass = wanted.resource_class || (node?.resourceClass ?? null);
  if (resourceClass === null && node === undefined)
    throw new IronpxeError(
      'INVALID_REQUEST',
      'The resource_class field is mandatory when not backfilling.',
    );
  const candidates = await Promise.all(
    wanted.candidate_nodes.map((ident) => nodeOfBody(call, ident)),
  );
  return {
    name: wanted.name ?? null,
    state: 'allocating',
    lastError: null,
    resourceClass,
    traits: wanted.traits,
    candidateNodes: candidates.map(({ uuid }) => uuid),
    nodeUuid: null,
    owner: ownerOfNew(call.access, wanted.owner ?? null, 'baremetal:allocation:create_restricted'),
    extra: wanted.extra,
  } as const;
}

/** `PATCH /v1/allocations/{ident}` */
export async function patchAllocation(call: Call): Promise<Answer> {
  const operations = parse(jsonPatch, call.body, 'JSON patch') as PatchOperation[];
  checkRoots(call, 'allocationFields', { name: null, extra: {} }, operations);
  const before = await allocationOfPath(call);
  const { uuid, name, extra } = before;
  const patched = applyPatch({ name, extra }, operations, { name: null, extra: {} });
  const wanted = parse(allocationPatched, patched, 'allocation');
  if (wanted.name && wanted.name !== name) checkName(wanted.name, call.minor);
  const fields = { name: wanted.name ?? null, extra: wanted.extra };
  const changed = changesNothing(before, fields)
    ? before
    : await updateRecord(call.database, ALLOCATIONS, uuid, fields);
  return { status: 200, body: render(SHAPE, changed, call) };
}

function allocationOfPath(call: Call): Promise<Allocation> {
  return getRecord(call.database, ALLOCATIONS, call.params.ident ?? '');
}

/** `DELETE /v1/allocations/{ident}` */
export async function removeAllocation(call: Call): Promise<Answer> {
  return release(call, await allocationOfPath(call));
}

async function release(call: Call, allocation: Allocation): Promise<Answer> {
  const { uuid, nodeUuid } = allocation;
  if (nodeUuid === null) await deleteAllocation(call.database, uuid);
  else
    await call.conductor.whileLocked(await getNode(call.database, nodeUuid), async () => {
      checkReleasable(await getNode(call.database, nodeUuid), allocation);
      await deleteAllocation(call.database, uuid);
    });
  return { status: 204 };
}

const IN_USE: readonly ProvisionState[] = ['active'];

function checkReleasable(node: Node, { uuid }: Allocation): void {
  const moving =
    node.targetProvisionState !== null && !PATCHABLE_STATES.includes(node.provisionState);
  if (node.maintenance || !(moving || IN_USE.includes(node.provisionState))) return;
  throw new IronpxeError(
    'ALLOCATION_IN_USE',
    `Cannot remove allocation ${uuid} for node ${node.uuid}, because the node is in state "${node.provisionState}" and not in maintenance mode.`,
  );
}

/** `GET /v1/nodes/{ident}/allocation` */
export async function showAllocationOfNode(call: Call, node: Node): Promise<Answer> {
  return { status: 200, body: render(SHAPE, await allocationOfNode(call, node), call) };
}

/** `DELETE /v1/nodes/{ident}/allocation` */
export async function removeAllocationOfNode(call: Call, node: Node): Promise<Answer> {
  return release(call, await allocationOfNode(call, node));
}

function allocationOfNode(call: Call, node: Node): Promise<Allocation> {
  if (node.allocationUuid === null)
    throw new IronpxeError(
      'RECORD_NOT_FOUND',
      `Allocation for node ${node.uuid} could not be found.`,
    );
  return getRecord(call.database, ALLOCATIONS, node.allocationUuid);
}
