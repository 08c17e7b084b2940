/** How a provision state behaves: stable ones are left on request only, failed ones tell why in `last_error`. */
export type StateKind = 'stable' | 'transitional' | 'waiting' | 'failed';

type StateRow = { readonly kind: StateKind; readonly meaning: string };

/** Ironic's provision states; the keys are the words on the wire. */
export const STATES = {
  enroll: { kind: 'stable', meaning: 'Known, but its power driver has not been checked yet.' },
  verifying: { kind: 'transitional', meaning: 'The power driver is being tried.' },
  manageable: {
    kind: 'stable',
    meaning: 'The conductor can switch the machine; not offered to users.',
  },
  available: { kind: 'stable', meaning: 'Free for a deploy.' },
  active: { kind: 'stable', meaning: "The user's system is on the machine." },
  error: { kind: 'failed', meaning: 'Taking the instance down failed.' },
  rescue: { kind: 'stable', meaning: 'The machine runs a rescue ramdisk.' },
  inspecting: { kind: 'transitional', meaning: 'The hardware is being looked at.' },
  'inspect wait': { kind: 'waiting', meaning: "Waiting for the ramdisk's inspection report." },
  'inspect failed': { kind: 'failed', meaning: 'Inspection failed.' },
  cleaning: { kind: 'transitional', meaning: 'The machine is being made ready for its next user.' },
  'clean wait': { kind: 'waiting', meaning: 'Waiting for the ramdisk during cleaning.' },
  'clean hold': { kind: 'waiting', meaning: 'Cleaning is held by request.' },
  'clean failed': { kind: 'failed', meaning: 'Cleaning failed.' },
  deploying: { kind: 'transitional', meaning: 'The conductor works on a deploy.' },
  'wait call-back': { kind: 'waiting', meaning: 'Waiting for the deploy ramdisk to call back.' },
  'deploy hold': { kind: 'waiting', meaning: 'The deploy is held by request.' },
  'deploy failed': { kind: 'failed', meaning: 'The deploy failed.' },
  deleting: { kind: 'transitional', meaning: 'The instance is being taken down.' },
  adopting: { kind: 'transitional', meaning: 'A running instance is being taken over.' },
  'adopt failed': { kind: 'failed', meaning: 'Taking over a running instance failed.' },
  rescuing: { kind: 'transitional', meaning: 'The rescue ramdisk is being started.' },
  'rescue wait': { kind: 'waiting', meaning: 'Waiting for the rescue ramdisk.' },
  'rescue failed': { kind: 'failed', meaning: 'Starting the rescue ramdisk failed.' },
  unrescuing: { kind: 'transitional', meaning: "The machine goes back to the user's system." },
  'unrescue failed': { kind: 'failed', meaning: "Going back to the user's system failed." },
  servicing: { kind: 'transitional', meaning: 'Service steps run on an active machine.' },
  'service wait': { kind: 'waiting', meaning: 'Waiting for the ramdisk during service.' },
  'service hold': { kind: 'waiting', meaning: 'Service is held by request.' },
  'service failed': { kind: 'failed', meaning: 'A service step failed.' },
} as const satisfies Readonly<Record<string, StateRow>>;

/** A provision state. */
export type ProvisionState = keyof typeof STATES;

/** Whether `text` is the name of a provision state. */
export function isProvisionState(text: string): text is ProvisionState {
  return Object.hasOwn(STATES, text);
}

/** Whether a state may be left on request only. */
export function isSettled(state: ProvisionState): boolean {
  const { kind } = STATES[state];
  return kind === 'stable' || kind === 'failed';
}
