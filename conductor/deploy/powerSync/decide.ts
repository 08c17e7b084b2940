import type { PowerState } from '../../drivers/types.ts';
import type { Node } from '../../store/types.ts';
import type { Fault } from '../outcome.ts';

/** The fault of a node whose power cannot be read or set. */
export const POWER_FAULT: Fault = 'power failure';

/** How power states are kept in step with machines. */
export type SyncRules = {
  readonly intervalMs: number;
  readonly maxFailures: number;
  readonly forced: boolean;
  readonly recoveryIntervalMs: number;
};

/** What to do about a node after a look at its machine. */
export type SyncDecision =
  /** Nothing to change. */
  | { readonly kind: 'same' }
  /** The first state that is known of it. */
  | { readonly kind: 'note'; readonly found: PowerState }
  /** Switched by others: taken over, or switched back. */
  | { readonly kind: 'adopt' | 'force'; readonly found: PowerState }
  /** Cannot be read, or does not stay as it was set: into maintenance. */
  | { readonly kind: 'fault'; readonly found: PowerState | undefined }
  /** Answers again. */
  | { readonly kind: 'recover'; readonly found: PowerState }
  | { readonly kind: 'wait' };

type Seen = Pick<Node, 'powerState' | 'maintenance' | 'fault'>;

/**
 * Decides, after Ironic's rules: a machine is switched back up to `maxFailures` times in a row; nodes
 * that an operator has in maintenance are only watched.
 * @param found `undefined` when the machine could not be read
 * @param failures how often in a row it could not be read or was found switched, this time included
 */
export function decide(
  node: Seen,
  found: PowerState | undefined,
  failures: number,
  { maxFailures, forced }: Pick<SyncRules, 'maxFailures' | 'forced'>,
): SyncDecision {
  const faulty = node.fault === POWER_FAULT;
  if (found === undefined) {
    const gone = failures >= maxFailures && !node.maintenance;
    return gone ? { kind: 'fault', found } : { kind: 'wait' };
  }
  if (faulty) return { kind: 'recover', found };
  if (found === node.powerState) return { kind: 'same' };
  if (node.powerState === null) return { kind: 'note', found };
  if (!forced || node.maintenance) return { kind: 'adopt', found };
  return failures > maxFailures ? { kind: 'fault', found } : { kind: 'force', found };
}

/**
 * When to look again, milliseconds from now: each failure doubles the pause, up to eight times the
 * interval, so that dead BMCs cost little; faulty nodes have an interval of their own.
 */
export function nextLookMs(node: Pick<Node, 'fault'>, failures: number, rules: SyncRules): number {
  if (node.fault === POWER_FAULT) return rules.recoveryIntervalMs;
  return rules.intervalMs * 2 ** Math.min(failures, 3);
}

/** Whether the node may be looked at now: nobody is about to change it. */
export function isIdle(
  node: Pick<Node, 'provisionState' | 'reservation' | 'targetPowerState'>,
): boolean {
  const { provisionState, reservation, targetPowerState } = node;
  return provisionState !== 'enroll' && reservation === null && targetPowerState === null;
}
