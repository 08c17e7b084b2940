import test from 'ava';
import type { ProvisionOptions } from '../../conductor/deploy/conductor.ts';
import { hasCode } from '../../conductor/errors/error.ts';
import {
  isSettled,
  nextPlace,
  type ProvisionState,
  STATES,
  transitions,
  type Verb,
  VERBS,
} from '../../conductor/states/index.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { unfinishedOperations } from '../../conductor/store/operations.ts';
import { transition } from '../../conductor/store/nodes.ts';
import { type FakeBench, openFakeBench, UUID } from './support/fakeBench.ts';
import { Random } from './support/random.ts';

/** Where each verb ends when nothing is in its way. */
const ENDS: Readonly<Partial<Record<Verb, ProvisionState>>> = {
  manage: 'manageable',
  provide: 'available',
  inspect: 'manageable',
  clean: 'manageable',
  adopt: 'active',
  deploy: 'active',
  rebuild: 'active',
  delete: 'available',
  rescue: 'rescue',
  unrescue: 'active',
  service: 'active',
};

/** Where each verb stands that a step holds. */
const HOLDS: Readonly<Partial<Record<Verb, ProvisionState>>> = {
  clean: 'clean hold',
  deploy: 'deploy hold',
  rebuild: 'deploy hold',
  service: 'service hold',
};

/** All parts in which a verb of fake-hardware can stand still. */
const PARTS = ['power', 'boot', 'deploy', 'inspect', 'bios', 'rescue', 'vendor'];
const HOLD = { interface: 'power', step: 'hold' };
const RESET = { interface: 'bios', step: 'factory_reset' };
const LOG = { interface: 'vendor', step: 'log_passthrough' };

/** What goes with the verbs; held ones begin with a hold. */
function optionsOf(held: boolean): ProvisionOptions {
  const first = held ? [HOLD] : [];
  return {
    cleanSteps: [...first, RESET],
    serviceSteps: [...first, LOG],
    deploySteps: first.map((step) => ({ ...step, args: {}, priority: 150 })),
  };
}

/**
 * Asks for one verb at random and checks what the table says of it: refused without any change, or
 * carried out. On the way the conductor may be killed, and a wait may be aborted.
 */
async function oneStep(bench: FakeBench, random: () => number): Promise<string> {
  const before = await bench.node();
  const verb = VERBS[Math.floor(random() * VERBS.length)] ?? 'manage';
  const place = nextPlace(
    { state: before.provisionState, targetState: before.targetProvisionState },
    verb,
  );
  const end = place && isSettled(place.state) ? place.state : ENDS[verb];
  const hangs = random() < 0.5;
  await bench.slow(...(hangs ? PARTS : []));
  const holds = HOLDS[verb] !== undefined && random() < 0.4;
  const error = await bench.provision(verb, optionsOf(holds)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (place === undefined || end === undefined) {
    const code = place === undefined ? 'INVALID_STATE' : 'VERB_UNSUPPORTED';
    if (!hasCode(error, code)) throw new Error(`${verb}: ${String(error)}, expected ${code}`);
    return before.provisionState;
  }
  if (error !== undefined) throw new Error(`${verb} was refused`, { cause: error });
  if (random() < 0.3) await bench.restart();
  if (holds) {
    const aborted = await endHold(bench, verb, random);
    if (aborted !== undefined) return aborted;
  }
  if (hangs && !isSettled(place.state) && random() < 0.5) {
    const aborted = await tryAbort(bench, verb);
    if (aborted !== undefined) return aborted;
  }
  await bench.slow();
  if (hangs) await bench.restart();
  const node = await bench.until(end);
  return node.provisionState;
}

/** Ends a hold: with an abort, whose state is returned, or so that the verb goes on. */
async function endHold(
  bench: FakeBench,
  verb: Verb,
  random: () => number,
): Promise<ProvisionState | undefined> {
  const state = HOLDS[verb] ?? 'clean hold';
  await bench.until(state);
  if (random() < 0.3) await bench.restart();
  const ends = random() < 0.3;
  await bench.provision(ends ? 'abort' : 'unhold');
  if (!ends) return undefined;
  return (await bench.node()).provisionState;
}

/** Aborts the verb if it has a wait state; otherwise leaves it alone. */
async function tryAbort(bench: FakeBench, verb: Verb): Promise<ProvisionState | undefined> {
  const waits: Readonly<Partial<Record<Verb, ProvisionState>>> = {
    inspect: 'inspect wait',
    deploy: 'wait call-back',
    rebuild: 'wait call-back',
    rescue: 'rescue wait',
    service: 'service wait',
  };
  const state = waits[verb];
  if (state === undefined) return undefined;
  await bench.until(state);
  await bench.provision('abort');
  const failed = nextPlace({ state, targetState: null }, 'abort')?.state;
  const { provisionState } = await bench.node();
  if (provisionState !== failed) throw new Error(`abort: ${provisionState}, expected ${failed}`);
  return failed;
}

/** Every change of state that the timeline tells of is an arrow of the table. */
async function assertArrows(bench: FakeBench): Promise<number> {
  const arrows = new Set(transitions().map(({ from, event, to }) => `${from}|${event}|${to}`));
  let afterId = 0;
  const taken = new Set<string>();
  for (;;) {
    const events = await listEvents(bench.database, { nodeUuid: UUID, afterId });
    if (events.length === 0) return taken.size;
    for (const { kind, data } of events) {
      if (kind !== 'state.changed') continue;
      const arrow = `${String(data['from'])}|${String(data['event'])}|${String(data['to'])}`;
      if (!arrows.has(arrow)) throw new Error(`no such arrow: ${arrow}`);
      taken.add(arrow);
    }
    afterId = events.at(-1)?.id ?? 0;
  }
}

for (const seed of [1, 2, 3])
  test(`verbs at random, with kills and aborts, do what the table says (seed ${seed})`, async (t) => {
    const source = new Random(seed);
    const random = () => source.below(1000) / 1000;
    await using bench = await openFakeBench('enroll');
    const reached = new Set<string>();
    for (let count = 0; count < 100; count++) reached.add(await oneStep(bench, random));
    t.true(reached.size >= 5, [...reached].join(', '));
    t.true((await assertArrows(bench)) >= 15);
    t.deepEqual(await unfinishedOperations(bench.database), []);
  });

test('every arrow of the table is one that the store takes, and all others are refused', async (t) => {
  const rows = transitions();
  const events = [...new Set(rows.map(({ event }) => event))];
  for (const from of Object.keys(STATES) as ProvisionState[]) {
    await using bench = await openFakeBench(from);
    for (const event of events) {
      const row = rows.find((one) => one.from === from && one.event === event);
      await bench.database
        .updateTable('nodes')
        .set({ provisionState: from, targetProvisionState: null })
        .execute();
      const change = transition(bench.database, UUID, event);
      if (row === undefined) await t.throwsAsync(change, { code: 'INVALID_STATE' });
      else t.is((await change).provisionState, row.to);
    }
  }
});
