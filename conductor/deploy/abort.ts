import { explain, IronpxeError } from '../errors/error.ts';
import type { ProvisionState } from '../states/index.ts';
import type { Node, NodePatch } from '../store/types.ts';
import { type Fault, faultPatch, noStep, runningStep, successPatch } from './outcome.ts';

/** What is aborted from which state, in Ironic's words. */
const ABORTED: Readonly<Partial<Record<ProvisionState, string>>> = {
  'clean wait': 'the clean operation was aborted',
  'clean hold': 'the clean operation was aborted',
  'inspect wait': 'the inspection was aborted',
  'wait call-back': 'the deploy was aborted',
  'deploy hold': 'the deploy was aborted',
  'rescue wait': 'the rescue operation was aborted',
  'service wait': 'the service operation was aborted',
  'service hold': 'the service operation was aborted',
  'service failed': 'the service operation was aborted',
};

/** From where a clean-up that fails is more than an error: the machine may run what it should not. */
const FAULTS: Readonly<Partial<Record<ProvisionState, Fault>>> = {
  'clean wait': 'clean failure',
  'clean hold': 'clean failure',
  'rescue wait': 'rescue abort failure',
  'service wait': 'service failure',
  'service hold': 'service failure',
};

/** What an abort leaves on a node; `problem` is what went wrong when it was cleaned up after. */
export function abortPatch(node: Node, problem: unknown): NodePatch {
  const what = ABORTED[node.provisionState];
  if (what === undefined) return { lastError: null };
  const { interface: kind, step } = runningStep(node);
  const during = typeof step === 'string' ? ` in ${String(kind)}.${step}` : '';
  const message = `By request, ${what}${during}.`;
  const failed = problem === undefined ? '' : ` Cleaning up after it failed: ${explain(problem)}`;
  const lastError = explain(new IronpxeError('OPERATION_ABORTED', message)) + failed;
  const fault = problem === undefined ? undefined : FAULTS[node.provisionState];
  // From there the node is active again, and the list of steps has been read.
  const patch = node.provisionState === 'service failed' ? successPatch(node) : noStep(node);
  return { ...patch, lastError, ...(fault && faultPatch(node, fault, lastError)) };
}
