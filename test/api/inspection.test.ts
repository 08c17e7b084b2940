import test from 'ava';
import { insertPort } from '../../conductor/store/ports.ts';
import { insertOperation } from '../../conductor/store/operations.ts';
import type { Mac } from '../../conductor/values/mac.ts';
import { type Harness, openHarness, uuidOf } from './harness.ts';

const [NODE, OTHER, PORT] = [uuidOf(1), uuidOf(2), uuidOf(3)];
type Test = { teardown(fn: () => Promise<void>): void };

async function withInspection(t: Test): Promise<Harness> {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  for (const uuid of [NODE, OTHER])
    await api.send('POST /v1/nodes', { body: { driver: 'fake-hardware', uuid } });
  const state = { provisionState: 'inspect wait', targetProvisionState: 'manageable' };
  await api.database.updateTable('nodes').set(state).where('uuid', '=', NODE).execute();
  await insertOperation(api.database, { nodeUuid: NODE, verb: 'inspect', steps: ['inspect'] });
  const address = '52:54:00:00:00:01' as Mac;
  await insertPort(api.database, { uuid: PORT, nodeUuid: NODE, address });
  return api;
}

const inspection = (mac: string) => ({
  body: { inventory: { interfaces: [{ name: 'eth0', mac_address: mac }] } },
});
const FOUND = inspection('52:54:00:00:00:01');

test('continue_inspection is answered as by ironic-inspector in 1.1, as a look-up from 1.84 on', async (t) => {
  const api = await withInspection(t);
  const path = 'POST /v1/continue_inspection';
  t.deepEqual((await api.send(path, { ...FOUND, minor: 1 })).json, { uuid: NODE });
  t.is((await api.send(path, { ...FOUND, minor: 2 })).status, 404);
  t.is((await api.send(path, { ...FOUND, minor: 83 })).status, 404);
  const { status, json } = await api.send(path, { ...FOUND, minor: 84 });
  t.is(status, 202);
  t.like(json, { node: { uuid: NODE }, config: { heartbeat_timeout: 300 } });
  t.regex((json.config as { agent_token: string }).agent_token, /^[\w-]{43}$/);
});

test('continue_inspection finds a node by its UUID', async (t) => {
  const api = await withInspection(t);
  const path = (uuid: string) => `POST /v1/continue_inspection?node_uuid=${uuid}`;
  const nobody = inspection('52:54:00:00:00:09');
  t.is((await api.send('POST /v1/continue_inspection', nobody)).status, 404);
  t.is((await api.send(path(NODE), nobody)).status, 202);
  t.is((await api.send(path(NODE), { ...nobody, minor: 1 })).status, 404);
  t.is((await api.send(path(OTHER), nobody)).status, 404, 'not inspected');
  t.is((await api.send(path('x'), nobody)).status, 400);
});
