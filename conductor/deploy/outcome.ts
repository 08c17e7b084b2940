import type { ProvisionState, StateEvent } from '../states/index.ts';
import type { JsonObject, Node, NodePatch } from '../store/types.ts';

/** The event that ends an operation well: a cleaned node is offered again unless it shall not be. */
export function doneEvent(node: Node): StateEvent {
  const isKept = node.targetProvisionState === 'manageable' || node.retired;
  return node.provisionState === 'cleaning' && isKept ? 'manage' : 'done';
}

/** Ironic's names of what made the conductor itself put a node into maintenance. */
export const FAULTS = ['power failure', 'clean failure', 'rescue abort failure'] as const;
export type Fault = (typeof FAULTS)[number];

/**
 * What a failure leaves on a node. Ironic puts a node into maintenance when a clean step broke off:
 * nobody knows what it left on the disks. A failure before the first step is only an error.
 */
export function failurePatch(node: Node, reason: string): NodePatch {
  const broke = isCleaning(node.provisionState) && Object.keys(node.cleanStep).length > 0;
  return {
    lastError: reason,
    ...(broke && faultPatch(node, 'clean failure', reason)),
    ...noStep(node),
  };
}

/** Maintenance by the conductor itself; a reason that an operator gave stays. */
export function faultPatch(node: Node, fault: Fault, reason: string): NodePatch {
  return { maintenance: true, fault, maintenanceReason: node.maintenanceReason ?? reason };
}

function isCleaning(state: ProvisionState): boolean {
  return state === 'cleaning' || state === 'clean wait';
}

/** Whether a step is shown as running. */
export function isStepShown(node: Node): boolean {
  return [node.cleanStep, node.deployStep].some((step) => Object.keys(step).length > 0);
}

/** No step runs any more. The list of steps stays after a failure, to be read. */
export function noStep(node: Node): NodePatch {
  const { clean_step_index: _, deploy_step_index: __, ...rest } = node.driverInternalInfo;
  return { cleanStep: {}, deployStep: {}, driverInternalInfo: rest };
}

/** What ends well leaves no list of steps either. */
export function successPatch(node: Node): NodePatch {
  const { driverInternalInfo = {}, ...rest } = noStep(node);
  const {
    clean_steps: _,
    deploy_steps: __,
    cleaning_disable_ramdisk: ___,
    ...kept
  } = driverInternalInfo;
  return { lastError: null, ...rest, driverInternalInfo: kept };
}

/** Shows which of the steps that users can name runs now, as Ironic shows it. */
export function stepPatch(node: Node, shown: JsonObject, index: number): NodePatch {
  const kind = isCleaning(node.provisionState) ? 'clean' : 'deploy';
  return {
    [`${kind}Step`]: shown,
    driverInternalInfo: { ...node.driverInternalInfo, [`${kind}_step_index`]: index },
  };
}
