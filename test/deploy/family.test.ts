import test from 'ava';
import { pino } from 'pino';
import { parseConfig } from '../../conductor/config/load.ts';
import { createContext } from '../../conductor/deploy/context.ts';
import { switchPower } from '../../conductor/deploy/power.ts';
import { createWakeUps } from '../../conductor/deploy/wakeups.ts';
import { createDrivers } from '../../conductor/drivers/registry.ts';
import type { PowerState, PowerTarget } from '../../conductor/drivers/types.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { lockNode } from '../../conductor/store/locks.ts';
import { getNode, insertNode, updateNode } from '../../conductor/store/nodes.ts';
import { insertOperation } from '../../conductor/store/operations.ts';
import { type FakeBench, openFakeBench, UUID as HOST } from './support/fakeBench.ts';

const CONFIG = 'boot_http: {url: "http://192.0.2.1:8088"}\ndhcp: {enabled: false}\n';
const NIC = '22222222-2222-4222-8222-222222222222';
const CORE = '33333333-3333-4333-8333-333333333333';

/** A host in which there is a smart NIC, in which there is a core. */
async function openFamily(power: PowerState, nicInfo = {}): Promise<FakeBench> {
  const bench = await openFakeBench('active');
  await bench.patch({ powerState: power });
  const common = { driver: 'fake-hardware', provisionState: 'active', powerState: power } as const;
  await insertNode(bench.database, { ...common, uuid: NIC, parentNode: HOST, driverInfo: nicInfo });
  await insertNode(bench.database, { ...common, uuid: CORE, parentNode: NIC });
  return bench;
}

async function switched(bench: FakeBench, uuid: string, target: PowerTarget) {
  await bench.conductor.power(await getNode(bench.database, uuid), target);
  let node = await getNode(bench.database, uuid);
  while (node.targetPowerState !== null || node.reservation !== null) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    node = await getNode(bench.database, uuid);
  }
  const states: Record<string, unknown> = {};
  for (const [name, one] of Object.entries({ HOST, NIC, CORE }))
    states[name] = (await getNode(bench.database, one)).powerState;
  return { states, lastError: node.lastError };
}

const ON = 'power on';
const OFF = 'power off';

test('what is built into a machine goes on after it, and off before it', async (t) => {
  await using bench = await openFamily(OFF);
  t.deepEqual(await switched(bench, NIC, ON), {
    states: { HOST: ON, NIC: ON, CORE: OFF },
    lastError: null,
  });
  t.like(await switched(bench, CORE, ON), { states: { HOST: ON, NIC: ON, CORE: ON } });
  t.like(await switched(bench, HOST, OFF), { states: { HOST: OFF, NIC: OFF, CORE: OFF } });
  t.like(await switched(bench, HOST, ON), { states: { HOST: ON, NIC: OFF, CORE: OFF } });
  t.like(await switched(bench, CORE, ON), { states: { HOST: ON, NIC: ON, CORE: ON } });
});

test('a reboot is nobody else’s business', async (t) => {
  await using bench = await openFamily(ON);
  await updateNode(bench.database, CORE, { powerState: OFF });
  t.like(await switched(bench, NIC, 'rebooting'), { states: { HOST: ON, NIC: ON, CORE: OFF } });
});

for (const own of [true, 'True', 'yes'])
  test(`a power supply of its own (${typeof own} ${own}) makes a child independent`, async (t) => {
    await using bench = await openFamily(OFF, { has_dedicated_power_supply: own });
    t.like(await switched(bench, NIC, ON), { states: { HOST: OFF, NIC: ON, CORE: OFF } });
    t.like(await switched(bench, HOST, OFF), { states: { HOST: OFF, NIC: ON, CORE: OFF } });
  });

test('a child that somebody works on keeps its parent on, and the error says who', async (t) => {
  await using bench = await openFamily(ON);
  const { signal } = new AbortController();
  await using _ = await lockNode(bench.database, CORE, { owner: 'other', waitMs: 0, signal });
  const { states, lastError } = await switched(bench, HOST, OFF);
  t.deepEqual(states, { HOST: ON, NIC: ON, CORE: ON });
  t.regex(lastError ?? '', new RegExp(`${CORE} is locked by host other`));
});

test('an operation that switches a machine off takes its children with it', async (t) => {
  await using bench = await openFamily(ON);
  const { database } = bench;
  const operation = await insertOperation(database, { nodeUuid: HOST, verb: 'clean', steps: [] });
  const services = { database, drivers: createDrivers(), config: parseConfig(CONFIG, 'c') };
  const logger = pino({ level: 'silent' });
  const { signal } = new AbortController();
  const options = { services, owner: 'me', wakeUps: createWakeUps(), logger };
  await using context = createContext(options, operation, signal);
  await context.lock();
  await switchPower(context, OFF);
  t.is((await getNode(database, CORE)).powerState, OFF);
  const events = await listEvents(database, { nodeUuid: CORE });
  t.deepEqual(events.map(({ kind, message }) => [kind, message]).slice(-1), [
    ['power.changed', OFF],
  ]);
});
