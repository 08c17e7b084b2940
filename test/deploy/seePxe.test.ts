import test from 'ava';
import { pino } from 'pino';
import { parseConfig } from '../../conductor/config/load.ts';
import { createEngine } from '../../conductor/deploy/engine.ts';
import { SEE_PXE } from '../../conductor/deploy/steps/seePxe.ts';
import { START_RAMDISK } from '../../conductor/deploy/steps/startRamdisk.ts';
import { createWakeUps, type WakeUps } from '../../conductor/deploy/wakeups.ts';
import type { Driver, PowerTarget } from '../../conductor/drivers/types.ts';
import { findBootHabit } from '../../conductor/store/bootHabits.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { appendEvent, listEvents } from '../../conductor/store/events.ts';
import { getNode, insertNode, transition, updateNode } from '../../conductor/store/nodes.ts';
import { insertOperation } from '../../conductor/store/operations.ts';

const read = parseConfig(
  'boot_http: {url: "http://192.0.2.1:8088"}\ndhcp: {enabled: false}\nhost: me\n',
  'c',
);
/** Less than a second to look, and three to call back. */
const config = {
  ...read,
  power: { ...read.power, pxe_timeout_seconds: 0.3 },
  deploy: { ...read.deploy, callback_timeout_seconds: 3 },
};
const logger = pino({ level: 'silent' });
const PROCEDURE = { steps: [START_RAMDISK, SEE_PXE] };
const FIRMWARE = { vendor_class: 'PXEClient:Arch:00000:UNDI:002001' };
const SYSTEM = { vendor_class: 'systemd-networkd' };

type World = { readonly database: Database; readonly wakeUps: WakeUps };

/** A BMC that says OK to everything, and a machine that asks for an address whenever it starts. */
class Machine {
  /** Orders to the BMC since the last start. */
  #orders: string[] = [];
  #isOn = false;
  readonly starts: string[] = [];
  /** What makes it boot from the network, by the orders before a start. */
  readonly #obeys: RegExp;
  readonly #world: World;

  constructor(world: World, obeys: RegExp) {
    this.#world = world;
    this.#obeys = obeys;
  }

  driverFor(nodeUuid: string): Driver {
    const order = (text: string): void => void this.#orders.push(text);
    const start = async (): Promise<void> => {
      const orders = this.#orders.splice(0).join(', ');
      this.starts.push(orders);
      const data = this.#obeys.test(orders) ? FIRMWARE : SYSTEM;
      setImmediate(() => void this.#ask(nodeUuid, data));
    };
    return {
      name: 'trial',
      properties: {},
      supportedBootDevices: ['pxe'],
      validate: () => undefined,
      powerState: async () => 'power on',
      bootDevice: async () => ({ device: undefined, persistent: undefined }),
      setBootDevice: async (_, device, { persistent }) =>
        order(persistent ? device : `${device} once`),
      setPower: async (_, target: PowerTarget) => {
        if (target === 'power on' && this.#isOn) return;
        order(target);
        this.#isOn = target !== 'power off';
        if (this.#isOn) await start();
      },
      reset: async () => {
        order('reset');
        await start();
      },
    };
  }

  async #ask(nodeUuid: string, data: Readonly<Record<string, string>>): Promise<void> {
    const { database, wakeUps } = this.#world;
    await appendEvent(database, { kind: 'dhcp.discover', nodeUuid, message: 'DISCOVER', data });
    wakeUps.wake(nodeUuid);
  }
}

/** Boots a new node of the model into the ramdisk. */
async function boot(world: World, machine: Machine, uuid: string) {
  const { database, wakeUps } = world;
  const driverInternalInfo = { model: 'ACME X1' };
  await insertNode(database, { uuid, driver: 'trial', provisionState: 'available' });
  await updateNode(database, uuid, { driverInternalInfo });
  await transition(database, uuid, 'deploy');
  const drivers = new Map([['trial', machine.driverFor(uuid)]]);
  const services = { database, config, drivers };
  const engine = createEngine({
    services,
    owner: 'me',
    wakeUps,
    logger,
    procedureOf: () => PROCEDURE,
  });
  const steps = PROCEDURE.steps.map(({ name }) => name);
  const operation = await insertOperation(database, { nodeUuid: uuid, verb: 'deploy', steps });
  engine.start(operation);
  const events = await ended(database, uuid);
  await engine.stop();
  const told = events.filter(({ kind }) => kind.startsWith('boot.'));
  return { told, node: await getNode(database, uuid) };
}

async function ended(database: Database, nodeUuid: string) {
  for (;;) {
    const events = await listEvents(database, { nodeUuid });
    if (events.some(({ kind }) => kind === 'operation.ended')) return events;
    await new Promise(setImmediate);
  }
}

const world = async (): Promise<World> => ({
  database: await openDatabase(':memory:'),
  wakeUps: createWakeUps(),
});
const uuid = (last: number) => `11111111-1111-4111-8111-11111111111${last}`;

test('a BMC that forgets a lasting boot device is told another way, and that is learned', async (t) => {
  const here = await world();
  const machine = new Machine(here, /^power off, pxe once, power on$/);
  const { told } = await boot(here, machine, uuid(1));
  t.deepEqual(machine.starts.splice(0), [
    'pxe, rebooting',
    'power off, pxe, power on',
    'power off, pxe once, power on',
  ]);
  t.deepEqual(
    told.map(({ kind }) => kind),
    ['boot.pxe_missing', 'boot.pxe_missing', 'boot.pxe_seen'],
  );
  t.regex(told[0]?.message ?? '', /accepted, but the machine booted another system/);
  t.regex(told[2]?.message ?? '', /"persistent" and "persistent_while_off" do nothing on ACME X1/);
  t.like(await findBootHabit(here.database, 'trial', 'ACME X1'), { method: 'once', seen: 1 });

  const next = await boot(here, machine, uuid(2));
  t.deepEqual(machine.starts, ['power off, pxe once, power on'], 'another machine of the model');
  t.deepEqual(
    next.told.map(({ kind }) => kind),
    ['boot.pxe_seen'],
  );
  t.like(await findBootHabit(here.database, 'trial', 'ACME X1'), { method: 'once', seen: 2 });
});

test('where no way works, each was tried once and the deploy fails for that reason', async (t) => {
  const here = await world();
  const machine = new Machine(here, /^never$/);
  const { told, node } = await boot(here, machine, uuid(3));
  t.deepEqual(machine.starts.slice(2), ['power off, pxe once, power on', 'pxe once, reset']);
  t.is(told.filter(({ kind }) => kind === 'boot.pxe_missing').length, 4);
  t.is(node.provisionState, 'deploy failed');
  t.regex(node.lastError ?? '', /did not ask for a boot from the network; tried were persistent, /);
  t.is(await findBootHabit(here.database, 'trial', 'ACME X1'), undefined, 'nothing is learned');
});
