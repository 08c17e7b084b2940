import test from 'ava';
import { createContext } from '../../conductor/deploy/context.ts';
import { POWER_OFF } from '../../conductor/deploy/steps/tearDown.ts';
import { createWakeUps } from '../../conductor/deploy/wakeups.ts';
import { parseConfig } from '../../conductor/config/load.ts';
import { createManualDriver } from '../../conductor/drivers/manual/driver.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { getNode, insertNode } from '../../conductor/store/nodes.ts';
import { insertOperation } from '../../conductor/store/operations.ts';
import { pino } from 'pino';

const UUID = '11111111-1111-4111-8111-111111111111';
const config = parseConfig(
  'state_dir: /nowhere\nboot_http: {url: "http://192.0.2.1:8088"}\ndhcp: {enabled: false}',
  'c',
);
const CALLED_BACK = {
  deployKey: 'KEY',
  callback: {
    address: '192.0.2.9',
    listenPort: 3260,
    lun: 1,
    nonces: { ramdisk: 'a'.repeat(64), ours: 'b'.repeat(64) },
  },
};

/** Runs the step for a node of the manual driver; gives what a person was asked, and the node. */
async function powerOff(interfaces: Record<string, string>, data: Record<string, unknown>) {
  const database = await openDatabase(':memory:');
  const asked: string[] = [];
  const driver = createManualDriver({ desk: { ask: async ({ text }) => void asked.push(text) } });
  const drivers = new Map([['manual', driver]]);
  await insertNode(database, {
    uuid: UUID,
    driver: 'manual',
    provisionState: 'cleaning',
    interfaces,
  });
  const operation = await insertOperation(database, {
    nodeUuid: UUID,
    verb: 'clean',
    steps: ['power_off'],
    data,
  });
  await using context = createContext(
    {
      services: { database, drivers, config },
      owner: 'me',
      wakeUps: createWakeUps(),
      logger: pino({ level: 'silent' }),
    },
    operation,
    new AbortController().signal,
  );
  await POWER_OFF.run(context);
  const { powerState } = await getNode(database, UUID);
  const told = (await listEvents(database, { nodeUuid: UUID })).map(({ message }) => message);
  return { asked, powerState, told };
}

test('a machine that only people can start again stays in its ramdisk after the work', async (t) => {
  const stays = await powerOff({ power: 'agent' }, CALLED_BACK);
  t.deepEqual([stays.asked, stays.powerState], [[], 'power on']);
  t.true(stays.told.some((message) => message.startsWith('the ramdisk stays on')));
});

test('without a ramdisk, and with another power interface, it is switched off', async (t) => {
  const off = ['Please switch the machine off.'];
  const before = await powerOff({ power: 'agent' }, {});
  t.deepEqual([before.asked, before.powerState], [off, 'power off']);
  const manual = await powerOff({}, CALLED_BACK);
  t.deepEqual([manual.asked, manual.powerState], [off, 'power off']);
});
