import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { hasCode } from '../../conductor/errors/error.ts';
import { deleteBootFacts, getBootFacts, putBootFacts } from '../../conductor/store/bootFacts.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { appendEvent, listEvents } from '../../conductor/store/events.ts';
import { lockNode, releaseLocksOf } from '../../conductor/store/locks.ts';
import {
  deleteNode,
  findNode,
  getNode,
  insertNode,
  transition,
  updateNode,
} from '../../conductor/store/nodes.ts';
import { insertPort, listPorts, updatePort } from '../../conductor/store/ports.ts';
import type { Mac } from '../../conductor/values/mac.ts';

const UUID = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const MAC = '52:54:00:00:00:01' as Mac;
const NEW = { uuid: UUID, driver: 'pxe_ssh', provisionState: 'available' } as const;
const signal = new AbortController().signal;

test('a database survives being closed, and is made once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ironpxe-store-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'deep', 'db.sqlite');
  const first = await openDatabase(path);
  await insertNode(first, { ...NEW, name: 'Rack-1', driverInfo: { a: [1] } });
  await first.destroy();
  const second = await openDatabase(path);
  const node = await getNode(second, 'rack-1');
  t.deepEqual(node.driverInfo, { a: [1] });
  t.false(node.maintenance);
  await second.destroy();
});

test('names and UUIDs are unique, and the error says which', async (t) => {
  const database = await openDatabase(':memory:');
  await insertNode(database, { ...NEW, name: 'a' });
  const sameName = await t.throwsAsync(insertNode(database, { ...NEW, uuid: OTHER, name: 'A' }));
  t.true(hasCode(sameName, 'NODE_EXISTS'));
  t.regex(sameName?.message ?? '', /name A/);
  const sameUuid = await t.throwsAsync(insertNode(database, NEW));
  t.regex(sameUuid?.message ?? '', new RegExp(UUID));
  await insertNode(database, { ...NEW, uuid: OTHER });
  await updateNode(database, UUID, { instanceUuid: 'i' });
  const stolen = await t.throwsAsync(updateNode(database, OTHER, { instanceUuid: 'i' }));
  t.true(hasCode(stolen, 'INSTANCE_ASSOCIATED'));
});

test('a transition and its event come together or not at all', async (t) => {
  const database = await openDatabase(':memory:');
  await insertNode(database, NEW);
  const node = await transition(database, UUID, 'deploy', { patch: { lastError: 'x' } });
  t.like(node, { provisionState: 'deploying', targetProvisionState: 'active', lastError: 'x' });
  const before = await listEvents(database, { nodeUuid: UUID });
  t.deepEqual(
    before.map(({ kind, message }) => [kind, message]),
    [
      ['node.created', `${UUID} enrolled`],
      ['state.changed', 'available → deploying'],
    ],
  );
  const refused = await t.throwsAsync(transition(database, UUID, 'deploy'));
  t.true(hasCode(refused, 'INVALID_STATE'));
  t.is((await listEvents(database, { nodeUuid: UUID })).length, before.length);
});

test('the data of an event is stored with the keys of the wire', async (t) => {
  const database = await openDatabase(':memory:');
  const data = { sizeBytes: 1, file: 'x', done_bytes: 2 };
  await appendEvent(database, { kind: 'tftp.done', message: '', data });
  const [event] = await listEvents(database, {});
  t.deepEqual(event?.data, { size_bytes: 1, file: 'x', done_bytes: 2 });
});

test('a node takes its ports with it, and a MAC belongs to one port', async (t) => {
  const database = await openDatabase(':memory:');
  await insertNode(database, NEW);
  await insertPort(database, { uuid: OTHER, nodeUuid: UUID, address: MAC });
  const twice = await t.throwsAsync(
    insertPort(database, { uuid: UUID, nodeUuid: UUID, address: MAC }),
  );
  t.true(hasCode(twice, 'MAC_EXISTS'));
  t.false((await updatePort(database, OTHER, { pxeEnabled: false })).pxeEnabled);
  await deleteNode(database, UUID);
  t.deepEqual(await listPorts(database), []);
  t.is(await findNode(database, UUID), undefined);
});

test('a lock is held by one, waits for another, and ends with its lease', async (t) => {
  const database = await openDatabase(':memory:');
  await insertNode(database, NEW);
  const first = await lockNode(database, UUID, { owner: 'a', waitMs: 0, signal });
  t.is((await getNode(database, UUID)).reservation, 'a');
  const refused = await t.throwsAsync(lockNode(database, UUID, { owner: 'b', waitMs: 0, signal }));
  t.true(hasCode(refused, 'NODE_LOCKED'));
  const waiting = lockNode(database, UUID, { owner: 'b', waitMs: 5000, signal });
  await first[Symbol.asyncDispose]();
  const second = await waiting;
  t.is((await getNode(database, UUID)).reservation, 'b');
  await database
    .updateTable('nodes')
    .set({ reservationExpiresAtMs: Date.now() - 1 })
    .execute();
  t.is((await getNode(database, UUID)).reservation, null);
  await lockNode(database, UUID, { owner: 'c', waitMs: 0, signal });
  await releaseLocksOf(database, 'c');
  t.is((await getNode(database, UUID)).reservation, null);
  await second[Symbol.asyncDispose]();
});

test('boot facts are replaced whole', async (t) => {
  const database = await openDatabase(':memory:');
  await insertNode(database, NEW);
  const facts = {
    nodeUuid: UUID,
    label: 'deploy',
    files: { deploy_kernel: '/k' },
    deployOptions: 'a=b',
    bootOptions: '',
    diskIdentifier: undefined,
  } as const;
  await putBootFacts(database, facts);
  t.deepEqual(await getBootFacts(database, UUID), facts);
  const swapped = { ...facts, label: 'boot_partition', files: {}, deployOptions: '' } as const;
  await putBootFacts(database, swapped);
  t.deepEqual(await getBootFacts(database, UUID), swapped);
  await deleteBootFacts(database, UUID);
  t.is(await getBootFacts(database, UUID), undefined);
});
