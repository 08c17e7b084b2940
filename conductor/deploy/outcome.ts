import type { ProvisionState, StateEvent } from '../states/index.ts';
import type { JsonObject, Node, NodePatch } from '../store/types.ts';

/** The event that ends an operation well: a cleaned node is offered again unless it shall not be. */
export function doneEvent(node: Node): StateEvent {
  const isKept = node.targetProvisionState === 'manageable' || node.retired;
  return node.provisionState === 'cleaning' && isKept ? 'manage' : 'done';
}

/** Ironic's names of what made the conductor itself put a node into maintenance. */
export const FAULTS = [
  'power failure',
  'clean failure',
  'rescue abort failure',
  'service failure',
] as const;
export type Fault = (typeof FAULTS)[number];

/** The fields of a node in which Ironic shows a step, by the states in which such steps run. */
const STEP_FIELDS = [
  { kind: 'clean', field: 'cleanStep', states: ['cleaning', 'clean wait', 'clean hold'] },
  { kind: 'service', field: 'serviceStep', states: ['servicing', 'service wait', 'service hold'] },
  { kind: 'deploy', field: 'deployStep', states: [] },
] as const satisfies readonly {
  readonly kind: string;
  readonly field: keyof Node;
  readonly states: readonly ProvisionState[];
}[];

/** Where the steps of a node's state are shown; in all other states it is a deploy. */
function stepField({ provisionState }: Node): (typeof STEP_FIELDS)[number] {
  const states = (row: (typeof STEP_FIELDS)[number]): readonly ProvisionState[] => row.states;
  return STEP_FIELDS.find((row) => states(row).includes(provisionState)) ?? STEP_FIELDS[2];
}

/** The step that a node shows now; empty when it shows none. */
export function runningStep(node: Node): JsonObject {
  return node[stepField(node).field];
}

/** Which of the steps that users can name runs now, counted from 0. */
export function stepIndex(node: Node): unknown {
  return node.driverInternalInfo[`${stepField(node).kind}_step_index`];
}

/**
 * What a failure leaves on a node. Ironic puts a node into maintenance when a clean or service step
 * broke off: nobody knows what it left. A failure before the first step is only an error.
 */
export function failurePatch(node: Node, reason: string): NodePatch {
  const { kind } = stepField(node);
  const broke = kind !== 'deploy' && Object.keys(runningStep(node)).length > 0;
  return {
    lastError: reason,
    ...(broke && faultPatch(node, `${kind} failure`, reason)),
    ...noStep(node),
  };
}

/** Maintenance by the conductor itself; a reason that an operator gave stays. */
export function faultPatch(node: Node, fault: Fault, reason: string): NodePatch {
  return { maintenance: true, fault, maintenanceReason: node.maintenanceReason ?? reason };
}

/** Whether a step is shown as running. */
export function isStepShown(node: Node): boolean {
  return STEP_FIELDS.some(({ field }) => Object.keys(node[field]).length > 0);
}

/** No step runs any more. The list of steps stays after a failure, to be read. */
export function noStep({ driverInternalInfo }: Node): NodePatch {
  const gone = STEP_FIELDS.map(({ kind }) => `${kind}_step_index`);
  return {
    ...Object.fromEntries(STEP_FIELDS.map(({ field }) => [field, {}])),
    driverInternalInfo: without(driverInternalInfo, gone),
  };
}

/** What ends well leaves no list of steps either. */
export function successPatch(node: Node): NodePatch {
  const { driverInternalInfo = {}, ...rest } = noStep(node);
  const gone = [...STEP_FIELDS.map(({ kind }) => `${kind}_steps`), 'cleaning_disable_ramdisk'];
  return { lastError: null, ...rest, driverInternalInfo: without(driverInternalInfo, gone) };
}

function without(info: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(info).filter(([name]) => !names.includes(name)));
}

/** Shows which of the steps that users can name runs now, as Ironic shows it. */
export function stepPatch(node: Node, shown: JsonObject, index: number): NodePatch {
  const { kind, field } = stepField(node);
  return {
    [field]: shown,
    driverInternalInfo: { ...node.driverInternalInfo, [`${kind}_step_index`]: index },
  };
}
