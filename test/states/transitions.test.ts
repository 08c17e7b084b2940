import test from 'ava';
import {
  isSettled,
  nextPlace,
  type ProvisionState,
  type StateEvent,
  STATES,
  transitions,
  verbsFrom,
} from '../../conductor/states/index.ts';

/** Walks that operators know, as the states they pass. */
const WALKS: readonly (readonly [
  ProvisionState,
  ...(readonly [StateEvent, ProvisionState, ProvisionState | null])[],
])[] = [
  ['enroll', ['manage', 'verifying', 'manageable'], ['done', 'manageable', null]],
  ['enroll', ['manage', 'verifying', 'manageable'], ['fail', 'enroll', null]],
  ['manageable', ['provide', 'cleaning', 'available'], ['done', 'available', null]],
  ['manageable', ['clean', 'cleaning', 'manageable'], ['manage', 'manageable', null]],
  ['manageable', ['clean', 'cleaning', 'manageable'], ['fail', 'clean failed', 'manageable']],
  [
    'available',
    ['deploy', 'deploying', 'active'],
    ['wait', 'wait call-back', 'active'],
    ['resume', 'deploying', 'active'],
    ['done', 'active', null],
  ],
  [
    'available',
    ['deploy', 'deploying', 'active'],
    ['fail', 'deploy failed', 'active'],
    ['deploy', 'deploying', 'active'],
  ],
  [
    'active',
    ['delete', 'deleting', 'available'],
    ['clean', 'cleaning', 'available'],
    ['done', 'available', null],
  ],
  ['active', ['delete', 'deleting', 'available'], ['fail', 'error', 'available']],
  ['wait call-back', ['delete', 'deleting', 'available']],
  ['active', ['rescue', 'rescuing', 'rescue'], ['done', 'rescue', null]],
  ['service failed', ['abort', 'active', null]],
];

for (const [from, ...walk] of WALKS)
  test(`${from} ${walk.map(([event]) => event).join(' ')}`, (t) => {
    let state = from;
    let targetState: ProvisionState | null = from === 'wait call-back' ? 'active' : null;
    for (const [event, expected, expectedTarget] of walk) {
      const place = nextPlace({ state, targetState }, event);
      t.deepEqual(place, { state: expected, targetState: expectedTarget }, event);
      state = expected;
      targetState = expectedTarget;
    }
  });

test('every state can be reached, and none but a settled one is a dead end for the conductor', (t) => {
  const rows = transitions();
  const reached = new Set(rows.map(({ to }) => to));
  for (const state of Object.keys(STATES) as ProvisionState[]) {
    t.true(state === 'enroll' || reached.has(state), `${state} is never reached`);
    const out = rows.filter(({ from }) => from === state).map(({ event }) => event);
    if (isSettled(state)) continue;
    const waysOut: StateEvent[] = ['fail', 'abort'];
    t.true(
      waysOut.some((event) => out.includes(event)),
      `${state} cannot fail`,
    );
  }
});

test('what the table does not name is refused', (t) => {
  t.is(nextPlace({ state: 'available', targetState: null }, 'rebuild'), undefined);
  t.is(nextPlace({ state: 'deploying', targetState: 'active' }, 'delete'), undefined);
});

test('verbs are what a user may ask for, not what the conductor does', (t) => {
  t.deepEqual(verbsFrom('available'), ['manage', 'deploy']);
  t.deepEqual(verbsFrom('deleting'), []);
  t.deepEqual(verbsFrom('cleaning'), []);
  t.deepEqual(verbsFrom('wait call-back'), ['delete', 'abort']);
});
