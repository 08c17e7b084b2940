import { IronpxeError } from '../../errors/error.ts';
import type { Database } from '../../store/database.ts';
import { deleteAllocation } from '../../store/allocations.ts';
import type { ProvisionState } from '../../states/index.ts';
import type { JsonObject, Node } from '../../store/types.ts';
import { MINOR } from '../gates.ts';
import { type PatchOperation, rootOf } from '../jsonPatch.ts';

/** States in which a node may be patched although it is on its way to a target. */
export const PATCHABLE_STATES: readonly ProvisionState[] = [
  'deploy failed',
  'inspecting',
  'inspect failed',
  'inspect wait',
  'clean failed',
  'error',
  'verifying',
  'adopt failed',
  'rescue failed',
  'unrescue failed',
  'service hold',
  'service failed',
];

/**
 * Refuses a patch that the node's state forbids.
 * @throws IronpxeError NODE_IN_TRANSITION, NODE_ASSOCIATED
 */
export function checkConflicts(
  node: Node,
  operations: readonly PatchOperation[],
  minor: number,
): void {
  const freed = node.maintenance && onlyTakesInstance(operations);
  const inspecting = node.provisionState === 'inspecting' && minor >= MINOR.inspectWait;
  if ((inTransition(node) || inspecting) && !freed)
    throw new IronpxeError(
      'NODE_IN_TRANSITION',
      `Node ${node.uuid} can not be updated while a state transition is in progress.`,
    );
  const instance = newInstance(operations);
  if (instance !== undefined && node.instanceUuid !== null && instance !== node.instanceUuid)
    throw new IronpxeError(
      'NODE_ASSOCIATED',
      `Node ${node.uuid} is associated with instance ${node.instanceUuid}.`,
    );
}

function inTransition(node: Node): boolean {
  return node.targetProvisionState !== null && !PATCHABLE_STATES.includes(node.provisionState);
}

/** Nova frees a node in maintenance so, whatever it is doing. */
function onlyTakesInstance(operations: readonly PatchOperation[]): boolean {
  return operations.every(({ op, path }) => op === 'remove' && path === '/instance_uuid');
}

function newInstance(operations: readonly PatchOperation[]): string | undefined {
  const last = operations.findLast((operation) => rootOf(operation) === 'instance_uuid');
  return typeof last?.value === 'string' ? last.value : undefined;
}

const CONFIGURABLE_STATES: readonly ProvisionState[] = [
  'enroll',
  'inspecting',
  'inspect wait',
  'manageable',
  'available',
];

/** Schedulers count nodes by class, so it stays while an instance may be on the node. */
export function checkResourceClass(node: Node, wanted: string | null): void {
  if (node.resourceClass === null || wanted === node.resourceClass || node.maintenance) return;
  if (CONFIGURABLE_STATES.includes(node.provisionState)) return;
  throw new IronpxeError(
    'FIELD_LOCKED',
    `Node ${node.uuid} can not have resource_class updated unless it is in one of allowed (${CONFIGURABLE_STATES.join(', ')}) states or in maintenance mode.`,
  );
}

/** A machine is driven through its interfaces, so they stay while something runs on it. */
export function checkInterfaceChange(node: Node, changed: readonly string[]): void {
  const free = node.maintenance || CONFIGURABLE_STATES.includes(node.provisionState);
  if (changed.length === 0 || free) return;
  throw new IronpxeError(
    'FIELD_LOCKED',
    `Node ${node.uuid} can not have ${changed.join(', ')} updated unless it is in one of allowed (${CONFIGURABLE_STATES.join(', ')}) states or in maintenance mode.`,
  );
}

/** Properties that schedulers count with. */
const COUNTED = ['cpus', 'memory_mb', 'local_gb'];

function isCount(value: unknown): boolean {
  if (typeof value === 'string') return /^\d+$/.test(value);
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** @throws IronpxeError INVALID_REQUEST naming each property that should be a number and is none */
export function checkProperties(node: Node, properties: JsonObject): void {
  const bad = COUNTED.filter((name) => {
    const value = properties[name] ?? null;
    return value !== null && value !== node.properties[name] && !isCount(value);
  });
  if (bad.length === 0) return;
  const found = bad.map((name) => `${name}=${JSON.stringify(properties[name])}`).join(', ');
  throw new IronpxeError(
    'INVALID_REQUEST',
    `The properties ${COUNTED.join(', ')} of node ${node.uuid} are whole numbers from 0 up: found ${found}.`,
  );
}

/** The console belongs to the driver that opened it. */
export function checkDriverChange(node: Node, driver: string): void {
  if (driver === node.driver || !node.consoleEnabled) return;
  throw new IronpxeError(
    'FIELD_LOCKED',
    `Node ${node.uuid} can not change its driver while its console is enabled: disable the console first.`,
  );
}

/** Frees a node that loses its instance from its allocation. @throws IronpxeError FIELD_LOCKED */
export async function releaseAllocation(database: Database, node: Node): Promise<void> {
  if (node.allocationUuid === null) return;
  if (!node.maintenance && !CONFIGURABLE_STATES.includes(node.provisionState))
    throw new IronpxeError(
      'FIELD_LOCKED',
      `Node ${node.uuid} with an allocation can not have instance_uuid removed unless it is in one of allowed (${CONFIGURABLE_STATES.join(', ')}) states or in maintenance mode.`,
    );
  await deleteAllocation(database, node.allocationUuid);
}

/**
 * The columns of a node's retirement. A free node must leave the pool first, as a scheduler may be
 * choosing it right now. @throws IronpxeError FIELD_LOCKED, INVALID_REQUEST
 */
export function retirement(
  node: Node,
  wanted: {
    readonly retired?: boolean | null | undefined;
    readonly retired_reason?: string | null | undefined;
  },
): Pick<Node, 'retired' | 'retiredReason'> {
  const retired = wanted.retired ?? false;
  const reason = wanted.retired_reason ?? null;
  if (retired && !node.retired && node.provisionState === 'available')
    throw new IronpxeError(
      'FIELD_LOCKED',
      `Node ${node.uuid} can not have 'retired' set in provision state 'available': move it to manageable first.`,
    );
  if (!retired && reason !== null && reason !== node.retiredReason)
    throw new IronpxeError(
      'INVALID_REQUEST',
      'The retired_reason field can only be set when retired is True.',
    );
  return { retired, retiredReason: retired ? reason : null };
}

const PROTECTABLE: readonly ProvisionState[] = ['active', 'rescue'];

/**
 * The columns of a node's protection. Only what carries an instance can be protected, and the
 * reason goes with it. @throws IronpxeError FIELD_LOCKED, INVALID_REQUEST
 */
export function protection(
  node: Node,
  wanted: {
    readonly protected?: boolean | null | undefined;
    readonly protected_reason?: string | null | undefined;
  },
): Pick<Node, 'protected' | 'protectedReason'> {
  const isProtected = wanted.protected ?? false;
  const reason = wanted.protected_reason ?? null;
  if (isProtected && !node.protected && !PROTECTABLE.includes(node.provisionState))
    throw new IronpxeError(
      'FIELD_LOCKED',
      `Node ${node.uuid} can not have 'protected' set in provision state '${node.provisionState}', expected ${PROTECTABLE.join(' or ')}.`,
    );
  if (!isProtected && reason !== null && reason !== node.protectedReason)
    throw new IronpxeError(
      'INVALID_REQUEST',
      'The protected_reason field can only be set when protected is True.',
    );
  return { protected: isProtected, protectedReason: isProtected ? reason : null };
}

/** @throws IronpxeError NODE_PROTECTED */
export function refuseProtected(node: Node): void {
  if (!node.protected) return;
  throw new IronpxeError(
    'NODE_PROTECTED',
    `Node ${node.uuid} is protected and cannot be undeployed, rebuilt or deleted`,
  );
}
