import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { pino } from 'pino';
import { CONFIG_SCHEMA } from '../../../conductor/config/schema.ts';
import { createPowerSync } from '../../../conductor/deploy/powerSync/sync.ts';
import type { Driver, PowerState } from '../../../conductor/drivers/types.ts';
import { IronpxeError } from '../../../conductor/errors/error.ts';
import { openDatabase, type Database } from '../../../conductor/store/database.ts';
import { listEvents } from '../../../conductor/store/events.ts';
import { lockNode } from '../../../conductor/store/locks.ts';
import { getNode, insertNode, updateNode } from '../../../conductor/store/nodes.ts';

type Machine = { state: PowerState | 'dead' | 'hanging'; reads: number };
const NAMES = ['a', 'b', 'c'] as const;
const uuidOf = (name: string) => `${name.repeat(8)}-1111-4111-8111-111111111111`;

/** A driver whose machines are in memory: one may be dead, another may never answer. */
function driverOf(machines: Map<string, Machine>): Driver {
  const machineOf = ({ uuid }: { uuid: string }) => {
    const machine = machines.get(uuid);
    if (machine === undefined) throw new Error(`no machine ${uuid}`);
    return machine;
  };
  return {
    name: 'memory',
    properties: {},
    supportedBootDevices: ['pxe'],
    validate: () => undefined,
    async powerState(node, { signal }) {
      const machine = machineOf(node);
      machine.reads += 1;
      if (machine.state === 'dead') throw new IronpxeError('DRIVER_BMC_UNREACHABLE', 'dead.');
      if (machine.state === 'hanging')
        return new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
      return machine.state;
    },
    async setPower(node, target) {
      machineOf(node).state = target === 'power off' ? 'power off' : 'power on';
    },
    bootDevice: async () => ({ device: undefined, persistent: undefined }),
    setBootDevice: async () => undefined,
  };
}

async function bench(power: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-sync-'));
  const database = await openDatabase(':memory:');
  const machines = new Map<string, Machine>();
  for (const name of NAMES) {
    machines.set(uuidOf(name), { state: 'power on', reads: 0 });
    await insertNode(database, {
      uuid: uuidOf(name),
      driver: 'memory',
      provisionState: 'available',
      powerState: 'power on',
    });
  }
  const config = CONFIG_SCHEMA.parse({
    state_dir: folder,
    boot_http: { url: 'http://192.0.2.1:8088' },
    power: { sync_workers: 1, ...power },
  });
  const abort = new AbortController();
  const { signal } = abort;
  // The interval has no part in sweeps that are asked for: every node is due once.
  const sync = () =>
    createPowerSync({
      services: { database, config, drivers: new Map([['memory', driverOf(machines)]]) },
      logger: pino({ level: 'silent' }),
      lockNow: (node) => lockNode(database, node.uuid, { owner: 'test', waitMs: 0, signal }),
      signal,
    });
  const machine = (name: string): Machine => {
    const found = machines.get(uuidOf(name));
    if (found === undefined) throw new Error(name);
    return found;
  };
  return {
    database,
    machine,
    sync,
    abort,
    async [Symbol.asyncDispose]() {
      abort.abort(new Error('the test ends'));
      await database.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function kinds(database: Database, name: string): Promise<string[]> {
  const events = await listEvents(database, { nodeUuid: uuidOf(name) });
  return events.map(({ kind }) => kind).filter((kind) => kind.startsWith('power.'));
}

test('a machine that others switched is switched back', async (t) => {
  await using it = await bench();
  it.machine('a').state = 'power off';
  await it.sync().sweep();
  t.is(it.machine('a').state, 'power on');
  t.deepEqual(await kinds(it.database, 'a'), ['power.unexpected', 'power.changed']);
  t.deepEqual(await kinds(it.database, 'b'), []);
});

test('or its new state is taken over', async (t) => {
  await using it = await bench({ force_during_sync: false });
  it.machine('a').state = 'power off';
  await it.sync().sweep();
  t.is((await getNode(it.database, uuidOf('a'))).powerState, 'power off');
  t.deepEqual(await kinds(it.database, 'a'), ['power.unexpected']);
});

test('a dead BMC brings the node into maintenance, and back when it answers', async (t) => {
  await using it = await bench({ sync_max_failures: 1 });
  it.machine('a').state = 'dead';
  await it.sync().sweep();
  const faulty = await getNode(it.database, uuidOf('a'));
  t.like(faulty, { maintenance: true, fault: 'power failure', powerState: null });
  t.regex(faulty.maintenanceReason ?? '', /DRIVER_BMC_UNREACHABLE/);
  it.machine('a').state = 'power off';
  await it.sync().sweep();
  const well = await getNode(it.database, uuidOf('a'));
  t.like(well, {
    maintenance: false,
    fault: null,
    maintenanceReason: null,
    powerState: 'power off',
  });
  t.deepEqual(await kinds(it.database, 'a'), ['power.failure', 'power.recovered']);
});

test('a BMC that hangs does not keep the others waiting, with one worker', async (t) => {
  await using it = await bench();
  it.machine('a').state = 'hanging';
  const sync = it.sync();
  await sync.sweep();
  t.deepEqual(
    NAMES.map((name) => it.machine(name).reads),
    [1, 1, 1],
  );
  it.abort.abort(new Error('the test ends'));
  await sync.settled();
});

test('a node that is locked, or busy, is left alone', async (t) => {
  await using it = await bench();
  for (const name of NAMES) it.machine(name).state = 'power off';
  await using _ = await lockNode(it.database, uuidOf('a'), {
    owner: 'other',
    waitMs: 0,
    signal: new AbortController().signal,
  });
  await updateNode(it.database, uuidOf('b'), { targetPowerState: 'power off' });
  await it.sync().sweep();
  t.deepEqual(
    NAMES.map((name) => it.machine(name).reads),
    [0, 0, 1],
  );
});

test('a node is not looked at again before its time', async (t) => {
  await using it = await bench();
  const sync = it.sync();
  await sync.sweep();
  await sync.sweep();
  t.deepEqual(
    NAMES.map((name) => it.machine(name).reads),
    [1, 1, 1],
  );
});
