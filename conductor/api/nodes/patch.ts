import { IronpxeError } from '../../errors/error.ts';
import { appendEvent } from '../../store/events.ts';
import { getNode, updateNode } from '../../store/nodes.ts';
import type { JsonObject, Node, NodePatch } from '../../store/types.ts';
import { checkRoots } from '../crud.ts';
import { refuseNewer } from '../fields.ts';
import { MINOR } from '../gates.ts';
import { applyPatch, type PatchOperation, rootOf } from '../jsonPatch.ts';
import { refuseUnknown } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { bool, jsonPatch, nodePatched, parse } from '../schemas.ts';
import { checkNode, columnsOf } from './create.ts';
import { parentFor } from './family.ts';
import { nodeOfPath } from './ident.ts';
import { INTERFACE_KINDS, type InterfaceKind, interfaceOf } from './interfaces.ts';
import {
  checkConflicts,
  checkDriverChange,
  checkInterfaceChange,
  checkProperties,
  checkResourceClass,
  protection,
  releaseAllocation,
  retirement,
} from './patchRules.ts';
import { renderNode } from './view.ts';

/** Fields that PATCH may change; what they are when removed. */
const PATCHABLE: Readonly<Record<string, unknown>> = {
  name: null,
  driver: undefined,
  chassis_uuid: null,
  driver_info: {},
  instance_info: {},
  properties: {},
  extra: {},
  instance_uuid: null,
  maintenance: false,
  resource_class: null,
  conductor_group: '',
  automated_clean: null,
  owner: null,
  lessee: null,
  description: null,
  retired: false,
  retired_reason: null,
  network_data: {},
  shard: null,
  parent_node: null,
  protected: false,
  protected_reason: null,
  ...Object.fromEntries(INTERFACE_KINDS.map((kind) => [`${kind}_interface`, null])),
};

/** `PATCH /v1/nodes/{ident}`. @throws IronpxeError NODE_LOCKED after waiting out a short lock */
export async function patchNode(call: Call): Promise<Answer> {
  const operations = parse(jsonPatch, call.body, 'JSON patch') as PatchOperation[];
  checkRoots(call, 'nodeFields', PATCHABLE, operations);
  checkRemovals(call, operations);
  const node = await nodeOfPath(call);
  const changed = await call.conductor.whileLocked(node, async () => {
    const fresh = await getNode(call.database, node.uuid);
    checkConflicts(fresh, operations, call.minor);
    return change(call, fresh, operations);
  });
  return { status: 200, json: await renderNode(call, changed) };
}

/** Rules of `reset_interfaces` and of old versions. @throws INVALID_REQUEST, NOT_ACCEPTABLE */
function checkRemovals(call: Call, operations: readonly PatchOperation[]): void {
  refuseUnknown(call, ['reset_interfaces']);
  if (call.query.reset_interfaces !== undefined) {
    refuseNewer('parameters', 'reset_interfaces', call.minor);
    const resets = parse(bool, call.query.reset_interfaces, 'reset_interfaces');
    if (resets && !operations.some(({ path }) => path === '/driver'))
      throw new IronpxeError(
        'INVALID_REQUEST',
        "The reset_interfaces parameter can only be used when changing the node's driver.",
      );
  }
  const losesChassis = operations.some(
    ({ op, path }) => op === 'remove' && path === '/chassis_uuid',
  );
  if (losesChassis && call.minor < MINOR.chassisRemoval)
    throw new IronpxeError(
      'NOT_ACCEPTABLE',
      `Request not acceptable: removing chassis_uuid needs API version 1.${MINOR.chassisRemoval}.`,
    );
}

async function change(
  call: Call,
  node: Node,
  operations: readonly PatchOperation[],
): Promise<Node> {
  const roots = [...new Set(operations.map(rootOf))];
  const patched = applyPatch(writableForm(node, call), operations, PATCHABLE);
  const wanted = parse(nodePatched, patched, 'node');
  checkResourceClass(node, wanted.resource_class ?? null);
  checkDriverChange(node, wanted.driver);
  checkProperties(node, wanted.properties);
  const interfaces = await checkNode(call, {
    ...wanted,
    name: wanted.name === node.name ? null : wanted.name,
  });
  const after = { driver: wanted.driver, interfaces };
  const isChanged = (kind: InterfaceKind) =>
    interfaceOf(call, node, kind) !== interfaceOf(call, after, kind);
  const asked = INTERFACE_KINDS.filter((kind) => roots.includes(`${kind}_interface`));
  checkInterfaceChange(
    node,
    asked.filter(isChanged).map((kind) => `${kind}_interface`),
  );
  const columns: NodePatch = {
    ...columnsOf(wanted),
    ...protection(node, wanted),
    ...retirement(node, wanted),
    interfaces,
    parentNode: await parentOf(call, node, roots, wanted.parent_node ?? null),
    // Ending maintenance also forgets why it was.
    ...(!wanted.maintenance && { maintenanceReason: null, fault: null }),
  };
  return call.database.transaction().execute(async (trx) => {
    if (node.allocationUuid !== null && !columns.instanceUuid && node.instanceUuid !== null)
      await releaseAllocation(trx, node);
    const changed = await updateNode(trx, node.uuid, columns);
    await appendEvent(trx, {
      kind: 'node.updated',
      nodeUuid: node.uuid,
      message: `changed ${roots.join(', ')}`,
      data: { paths: operations.map(({ path }) => path) },
    });
    return changed;
  });
}

/** Named by UUID or name; one that is not touched is not looked at again. */
async function parentOf(
  call: Call,
  node: Node,
  roots: readonly string[],
  wanted: string | null,
): Promise<string | null> {
  if (!roots.includes('parent_node')) return node.parentNode;
  return wanted === null ? null : parentFor(call, wanted, node);
}

/** The node's fields as a client would write them, without any mask. */
function writableForm(node: Node, call: Call): JsonObject {
  const resets = parse(bool, call.query.reset_interfaces ?? false, 'reset_interfaces');
  const interfaces = resets ? {} : node.interfaces;
  return {
    name: node.name,
    driver: node.driver,
    chassis_uuid: node.chassisUuid,
    driver_info: node.driverInfo,
    instance_info: node.instanceInfo,
    properties: node.properties,
    extra: node.extra,
    instance_uuid: node.instanceUuid,
    maintenance: node.maintenance,
    resource_class: node.resourceClass,
    conductor_group: '',
    automated_clean: node.automatedClean,
    owner: node.owner,
    lessee: node.lessee,
    description: node.description,
    retired: node.retired,
    retired_reason: node.retiredReason,
    network_data: node.networkData,
    shard: node.shard,
    parent_node: node.parentNode,
    protected: node.protected,
    protected_reason: node.protectedReason,
    ...Object.fromEntries(
      INTERFACE_KINDS.map((kind) => [`${kind}_interface`, interfaces[kind] ?? null]),
    ),
  };
}
