import { isSettled, type ProvisionState } from './states.ts';

/** What can happen to a node: a verb of the API, or an outcome of the conductor's own work. */
export type StateEvent = Verb | 'done' | 'fail' | 'wait' | 'resume' | 'hold';

/** The verbs of `PUT states/provision` as events (`active` is `deploy`, `deleted` is `delete`). */
export const VERBS = [
  'manage',
  'provide',
  'inspect',
  'clean',
  'adopt',
  'deploy',
  'rebuild',
  'delete',
  'rescue',
  'unrescue',
  'service',
  'abort',
  'unhold',
] as const;
export type Verb = (typeof VERBS)[number];

/** A row of the state machine. `target` is where the transition is heading; absent: as it was. */
export type Transition = {
  readonly from: ProvisionState;
  readonly event: StateEvent;
  readonly to: ProvisionState;
  readonly target?: ProvisionState;
};

type Arrows = Readonly<
  Partial<
    Record<StateEvent, ProvisionState | readonly [to: ProvisionState, target: ProvisionState]>
  >
>;

const DEPLOY = ['deploying', 'active'] as const;
const DELETE = ['deleting', 'available'] as const;
const RESCUE = ['rescuing', 'rescue'] as const;
const UNRESCUE = ['unrescuing', 'active'] as const;
const SERVICE = ['servicing', 'active'] as const;
const INSPECT = ['inspecting', 'manageable'] as const;
const ADOPT = ['adopting', 'active'] as const;
const CLEAN = ['cleaning', 'manageable'] as const;
const MAKE_AVAILABLE = ['cleaning', 'available'] as const;

/** Ironic's state machine: from each state, event → next state (and the target it heads for). */
const MACHINE: Readonly<Record<ProvisionState, Arrows>> = {
  enroll: { manage: ['verifying', 'manageable'] },
  verifying: { done: 'manageable', fail: 'enroll' },
  manageable: { provide: MAKE_AVAILABLE, clean: CLEAN, inspect: INSPECT, adopt: ADOPT },
  available: { deploy: DEPLOY, manage: 'manageable' },
  inspecting: { done: 'manageable', wait: 'inspect wait', fail: 'inspect failed' },
  'inspect wait': {
    resume: 'inspecting',
    done: 'manageable',
    fail: 'inspect failed',
    abort: 'inspect failed',
  },
  'inspect failed': { manage: 'manageable', inspect: INSPECT },
  cleaning: {
    done: 'available',
    manage: 'manageable',
    wait: 'clean wait',
    hold: 'clean hold',
    fail: 'clean failed',
  },
  'clean wait': {
    resume: 'cleaning',
    hold: 'clean hold',
    fail: 'clean failed',
    abort: 'clean failed',
  },
  'clean hold': { unhold: 'clean wait', abort: 'clean failed' },
  'clean failed': { manage: 'manageable' },
  deploying: {
    wait: 'wait call-back',
    hold: 'deploy hold',
    done: 'active',
    fail: 'deploy failed',
  },
  'wait call-back': {
    resume: 'deploying',
    hold: 'deploy hold',
    fail: 'deploy failed',
    abort: 'deploy failed',
    delete: DELETE,
  },
  'deploy hold': { unhold: 'wait call-back', abort: 'deploy failed' },
  'deploy failed': { deploy: DEPLOY, rebuild: DEPLOY, delete: DELETE },
  active: { rebuild: DEPLOY, delete: DELETE, rescue: RESCUE, service: SERVICE },
  deleting: { clean: MAKE_AVAILABLE, fail: 'error' },
  error: { rebuild: DEPLOY, delete: DELETE },
  adopting: { done: 'active', fail: 'adopt failed' },
  'adopt failed': { adopt: ADOPT, manage: 'manageable' },
  rescuing: { wait: 'rescue wait', done: 'rescue', fail: 'rescue failed' },
  'rescue wait': {
    resume: 'rescuing',
    fail: 'rescue failed',
    abort: 'rescue failed',
    delete: DELETE,
  },
  rescue: { rescue: RESCUE, unrescue: UNRESCUE, delete: DELETE },
  'rescue failed': { rescue: RESCUE, unrescue: UNRESCUE, delete: DELETE },
  unrescuing: { done: 'active', fail: 'unrescue failed' },
  'unrescue failed': { rescue: RESCUE, unrescue: UNRESCUE, delete: DELETE },
  servicing: {
    done: 'active',
    wait: 'service wait',
    hold: 'service hold',
    fail: 'service failed',
  },
  'service wait': {
    resume: 'servicing',
    hold: 'service hold',
    fail: 'service failed',
    abort: 'service failed',
    delete: DELETE,
  },
  'service hold': {
    service: SERVICE,
    unhold: 'service wait',
    abort: 'service failed',
    fail: 'service failed',
  },
  'service failed': {
    service: SERVICE,
    rescue: RESCUE,
    wait: 'service wait',
    hold: 'service hold',
    delete: DELETE,
    abort: 'active',
  },
};

/** Every transition as a row, in the order of the table. */
export function transitions(): Transition[] {
  return Object.entries(MACHINE).flatMap(([from, arrows]) =>
    Object.entries(arrows).map(([event, arrow]) => row(from, event, arrow)),
  ) as Transition[];
}

function row(from: string, event: string, arrow: string | readonly [string, string]) {
  if (typeof arrow === 'string') return { from, event, to: arrow };
  return { from, event, to: arrow[0], target: arrow[1] };
}

/** Where a node stands after an event. `targetState` is null in a stable state. */
export type Place = {
  readonly state: ProvisionState;
  readonly targetState: ProvisionState | null;
};

/**
 * The state after `event`, or `undefined` when the table does not allow it. A stable or failed
 * state that was reached well has no target; a failed one keeps the target it missed.
 */
export function nextPlace(place: Place, event: StateEvent): Place | undefined {
  const arrow = MACHINE[place.state][event];
  if (arrow === undefined) return undefined;
  if (typeof arrow !== 'string') return { state: arrow[0], targetState: arrow[1] };
  const missed = arrow.endsWith('failed') || arrow === 'error';
  if (isSettled(arrow) && !missed) return { state: arrow, targetState: null };
  return { state: arrow, targetState: place.targetState };
}

/** The verbs that a user may ask for in a state. */
export function verbsFrom(state: ProvisionState): Verb[] {
  return VERBS.filter((verb) => verb !== 'clean' || state !== 'deleting').filter(
    (verb) => MACHINE[state][verb] !== undefined && !(verb === 'manage' && state === 'cleaning'),
  );
}
