import test from 'ava';
import { pino } from 'pino';
import { parseConfig } from '../../conductor/config/load.ts';
import { createEngine, type Engine } from '../../conductor/deploy/engine.ts';
import type { Procedure, StepContext } from '../../conductor/deploy/steps/types.ts';
import { createWakeUps, type WakeUps } from '../../conductor/deploy/wakeups.ts';
import { IronpxeError } from '../../conductor/errors/error.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { releaseLocksOf } from '../../conductor/store/locks.ts';
import { getNode, insertNode, transition } from '../../conductor/store/nodes.ts';
import { getOperation, insertOperation, listSteps } from '../../conductor/store/operations.ts';

const UUID = '11111111-1111-4111-8111-111111111111';
const config = parseConfig(
  'boot_http: {url: "http://192.0.2.1:8088"}\ndhcp: {enabled: false}\nhost: me\n',
  'c',
);
const logger = pino({ level: 'silent' });

type Bench = { readonly database: Database; readonly engine: Engine; readonly wakeUps: WakeUps };

/** An engine on `database` (a new one with a deploying node by default) that runs `procedure`. */
async function bench(procedure: Procedure, database?: Database): Promise<Bench> {
  const wakeUps = createWakeUps();
  const opened = database ?? (await openDatabase(':memory:'));
  if (database === undefined) {
    await insertNode(opened, { uuid: UUID, driver: 'none', provisionState: 'available' });
    await transition(opened, UUID, 'deploy');
  } else await releaseLocksOf(opened, 'me');
  const services = { database: opened, config, drivers: new Map() };
  const engine = createEngine({
    services,
    owner: 'me',
    wakeUps,
    logger,
    procedureOf: () => procedure,
  });
  return { database: opened, engine, wakeUps };
}

async function begin({ database, engine }: Bench, procedure: Procedure) {
  const steps = procedure.steps.map(({ name }) => name);
  const operation = await insertOperation(database, { nodeUuid: UUID, verb: 'deploy', steps });
  engine.start(operation);
  return operation;
}

/** Settles when an event of this kind was appended. */
async function untilEvent(database: Database, kind: string): Promise<void> {
  for (;;) {
    const events = await listEvents(database, { nodeUuid: UUID });
    if (events.some((event) => event.kind === kind)) return;
    await new Promise(setImmediate);
  }
}

const step = (name: string, run: (context: StepContext) => Promise<void>) => ({
  name,
  title: name,
  run,
});

test('steps run in order, are journaled, and end in the state that was wished', async (t) => {
  const ran: string[] = [];
  const procedure: Procedure = {
    steps: [
      step('one', async (c) => void ran.push(`one in ${(await c.node()).provisionState}`)),
      step('two', async () => void ran.push('two')),
    ],
  };
  const it = await bench(procedure);
  const operation = await begin(it, procedure);
  await untilEvent(it.database, 'operation.ended');
  t.deepEqual(ran, ['one in deploying', 'two']);
  const steps = await listSteps(it.database, operation.uuid);
  t.deepEqual(
    steps.map(({ status, attempts }) => [status, attempts]),
    [
      ['done', 1],
      ['done', 1],
    ],
  );
  t.like(await getNode(it.database, UUID), { provisionState: 'active', lastError: null });
  t.is((await getOperation(it.database, operation.uuid)).status, 'done');
});

test('a step that throws: cleaned up first, then the failed state with the reason', async (t) => {
  const order: string[] = [];
  const procedure: Procedure = {
    steps: [
      step('bad', async () => {
        throw new IronpxeError('RAMDISK_ERROR', 'no disk.');
      }),
      step('never', async () => void order.push('never')),
    ],

    cleanUp: async (c) => void order.push((await c.node()).provisionState),
  };
  const it = await bench(procedure);
  await begin(it, procedure);
  await untilEvent(it.database, 'operation.ended');
  t.deepEqual(order, ['deploying']);
  const node = await getNode(it.database, UUID);
  t.is(node.provisionState, 'deploy failed');
  t.regex(node.lastError ?? '', /RAMDISK_ERROR: no disk\./);
  t.is(node.reservation, null);
});

test('a clean-up that fails does not keep the node from its failed state', async (t) => {
  const procedure: Procedure = {
    steps: [step('bad', () => Promise.reject(new Error('first')))],

    cleanUp: () => Promise.reject(new Error('second')),
  };
  const it = await bench(procedure);
  await begin(it, procedure);
  await untilEvent(it.database, 'operation.ended');
  t.like(await getNode(it.database, UUID), { provisionState: 'deploy failed', lastError: 'first' });
});

test('what was stopped goes on with the step in which it was, and does no finished step again', async (t) => {
  const ran: string[] = [];
  const procedure = (hang: boolean): Procedure => ({
    steps: [
      step('one', async () => void ran.push('one')),
      step('two', async (c) => {
        ran.push(`two, attempt ${c.attempt}, sees ${String((await c.recall())['left'])}`);
        await c.remember({ left: 'a note' });
        if (hang) await c.until(async () => undefined, Date.now() + 60_000);
      }),
    ],
  });
  const first = await bench(procedure(true));
  const operation = await begin(first, procedure(true));
  while (ran.length < 2) await new Promise(setImmediate);
  await first.engine.stop();
  t.is((await getOperation(first.database, operation.uuid)).status, 'running');
  t.is((await getNode(first.database, UUID)).provisionState, 'deploying');

  const second = await bench(procedure(false), first.database);
  await second.engine.resumeAll();
  await untilEvent(second.database, 'operation.ended');
  t.deepEqual(ran, ['one', 'two, attempt 1, sees undefined', 'two, attempt 2, sees a note']);
  t.is((await getNode(second.database, UUID)).provisionState, 'active');
});

test('a kill between the error and the failed state ends in the failed state after a restart', async (t) => {
  const procedure: Procedure = { steps: [] };
  const it = await bench(procedure);
  const operation = await insertOperation(it.database, {
    nodeUuid: UUID,
    verb: 'deploy',
    steps: [],
  });
  await it.database
    .updateTable('operations')
    .set({ status: 'failing', error: 'it broke' })
    .where('uuid', '=', operation.uuid)
    .execute();
  await it.engine.resumeAll();
  await untilEvent(it.database, 'operation.ended');
  t.like(await getNode(it.database, UUID), {
    provisionState: 'deploy failed',
    lastError: 'it broke',
  });
});

test('a waiting step leaves the node unlocked, and sees what a wake-up brings', async (t) => {
  let arrived = false;
  const procedure: Procedure = {
    steps: [
      step('wait', async (c) => {
        const found = await c.unlocked(() =>
          c.until(async () => {
            t.is((await c.node()).reservation, null);
            return arrived ? 'here' : undefined;
          }, Date.now() + 60_000),
        );
        t.is(found, 'here');
        t.is((await c.node()).reservation, 'me');
      }),
    ],
  };
  const it = await bench(procedure);
  await begin(it, procedure);
  await untilEvent(it.database, 'step.started');
  arrived = true;
  it.wakeUps.wake(UUID);
  await untilEvent(it.database, 'operation.ended');
  t.is((await getNode(it.database, UUID)).provisionState, 'active');
});

test('a wait ends at its deadline', async (t) => {
  const procedure: Procedure = {
    steps: [
      step('wait', async (c) => {
        const found = await c.until(async () => undefined, Date.now() + 20);
        t.is(found, undefined);
        throw new IronpxeError('CALLBACK_TIMEOUT', 'too late.');
      }),
    ],
  };
  const it = await bench(procedure);
  await begin(it, procedure);
  await untilEvent(it.database, 'operation.ended');
  t.regex((await getNode(it.database, UUID)).lastError ?? '', /CALLBACK_TIMEOUT/);
});

test('a cancelled operation cleans up and leaves the state to what cancelled it', async (t) => {
  let cleaned = false;
  const procedure: Procedure = {
    steps: [
      step('wait', (c) =>
        c.unlocked(async () => {
          await c.until(async () => undefined, Date.now() + 60_000);
        }),
      ),
    ],

    cleanUp: async (c) => {
      c.signal.throwIfAborted();
      cleaned = true;
    },
  };
  const it = await bench(procedure);
  const operation = await begin(it, procedure);
  await untilEvent(it.database, 'step.started');
  await it.engine.cancel(UUID);
  t.true(cleaned);
  t.is((await getOperation(it.database, operation.uuid)).status, 'cancelled');
  t.is((await getNode(it.database, UUID)).provisionState, 'deploying');
});
