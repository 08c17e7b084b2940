import { createServer } from 'node:http';
import { once } from 'node:events';
import test from 'ava';
import { answerPowerRequest, createManualDesk } from '../../conductor/deploy/manualDesk.ts';
import { createManualDriver } from '../../conductor/drivers/manual/driver.ts';
import type { IronpxeError } from '../../conductor/errors/error.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { appendEvent, listEvents } from '../../conductor/store/events.ts';
import { newestEvent } from '../../conductor/store/latest.ts';

const nodeUuid = '11111111-1111-4111-8111-111111111111';
const { signal } = new AbortController();

async function bench(driverInfo: Record<string, unknown> = {}) {
  const database = await openDatabase(':memory:');
  const driver = createManualDriver({ desk: createManualDesk(database, 5) });
  const node = { uuid: nodeUuid, driverInfo, macs: [] };
  const requested = async () => {
    while ((await newestEvent(database, nodeUuid, ['power.requested'])) === undefined)
      await new Promise((resolve) => setImmediate(resolve));
  };
  return { database, driver, node, requested };
}

test('a person is asked, and confirms', async (t) => {
  const { database, driver, node, requested } = await bench();
  await driver.setBootDevice(node, 'pxe', { persistent: true, signal });
  const switched = driver.setPower(node, 'rebooting', { signal });
  await requested();
  await answerPowerRequest(database, nodeUuid, { done: true });
  await switched;
  const [asked] = await listEvents(database, { nodeUuid });
  t.is(asked?.message, 'Please switch the machine off and on and let it boot from the network.');
  const again = answerPowerRequest(database, nodeUuid, { done: true });
  t.is((await t.throwsAsync<IronpxeError>(again)).code, 'POWER_NOT_REQUESTED');
  await database.destroy();
});

test('a person declines', async (t) => {
  const { database, driver, node, requested } = await bench();
  const switched = t.throwsAsync<IronpxeError>(driver.setPower(node, 'power off', { signal }));
  await requested();
  await answerPowerRequest(database, nodeUuid, { done: false, reason: 'the rack is locked' });
  const error = await switched;
  t.is(error.code, 'POWER_DECLINED');
  t.regex(error.message, /the rack is locked/);
  await database.destroy();
});

test('a machine that is seen booting was switched on', async (t) => {
  const { database, driver, node, requested } = await bench();
  const switched = driver.setPower(node, 'power on', { signal });
  await requested();
  const data = { vendorClass: 'PXEClient:Arch:00000' };
  await appendEvent(database, { kind: 'dhcp.discover', nodeUuid, message: '', data });
  await switched;
  t.is(
    (await newestEvent(database, nodeUuid, ['power.confirmed']))?.message,
    'the machine was seen booting',
  );
  await database.destroy();
});

test('a web hook switches the machine, or says why not', async (t) => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (part: Buffer) => bodies.push(part.toString()));
    request.on('end', () => response.writeHead(request.url === '/good' ? 204 : 500).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const good = await bench({ manual_webhook_url: `${origin}/good` });
  await good.driver.setPower(good.node, 'power on', { signal });
  t.like(JSON.parse(bodies[0] ?? '{}'), { node_uuid: nodeUuid, target: 'power on' });
  const bad = await bench({ manual_webhook_url: `${origin}/bad?token=secret` });
  const call = bad.driver.setPower(bad.node, 'power on', { signal });
  const error = await t.throwsAsync<IronpxeError>(call);
  t.is(error.code, 'POWER_WEBHOOK');
  t.false(error.message.includes('secret'));
  server.close();
  await Promise.all([good.database.destroy(), bad.database.destroy()]);
});
