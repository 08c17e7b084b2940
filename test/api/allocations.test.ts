import test from 'ava';
import { createAllocator } from '../../conductor/deploy/allocator.ts';
import { ALLOCATIONS } from '../../conductor/store/allocations.ts';
import { lockNode } from '../../conductor/store/locks.ts';
import { updateNode } from '../../conductor/store/nodes.ts';
import { getRecord, insertRecord } from '../../conductor/store/records.ts';
import { pino } from 'pino';
import { type Harness, openHarness } from './harness.ts';

const uuidOf = (digit: number) => `${String(digit).repeat(8)}-1111-4111-8111-111111111111`;
const [A, B, C] = [uuidOf(1), uuidOf(2), uuidOf(3)] as const;
type Test = { teardown(fn: () => Promise<void>): void };

/** Three nodes of class "big" that could be taken now. */
async function withFreeNodes(t: Test): Promise<Harness> {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  for (const [name, uuid] of Object.entries({ a: A, b: B, c: C })) {
    const body = { driver: 'fake-hardware', name, uuid, resource_class: 'big' };
    await api.send('POST /v1/nodes', { body });
    await api.database
      .updateTable('nodes')
      .set({ provisionState: 'available', powerState: 'power off' })
      .where('uuid', '=', uuid)
      .execute();
  }
  return api;
}

/** Asks for an allocation and waits until it was decided. */
async function allocated(api: Harness, body: object) {
  const made = await api.send('POST /v1/allocations', { body });
  const uuid = String(made.json.uuid);
  for (;;) {
    const { json } = await api.send(`GET /v1/allocations/${uuid}`);
    if (json.state !== 'allocating') return { made, json, uuid };
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('an allocation begins as allocating and takes a free node of its class', async (t) => {
  const api = await withFreeNodes(t);
  const { made, json, uuid } = await allocated(api, { resource_class: 'big', name: 'b' });
  t.is(made.status, 201);
  t.like(made.json, { state: 'allocating', node_uuid: null, last_error: null });
  t.is(made.headers.location, `http://h/v1/allocations/${uuid}`);
  t.like(json, { state: 'active', node_uuid: B, last_error: null }, 'its namesake comes first');
  const node = await api.send('GET /v1/nodes/b');
  t.like(node.json, { allocation_uuid: uuid, instance_uuid: uuid, instance_info: { traits: [] } });
  t.is((await api.send('GET /v1/nodes/b/allocation')).json.uuid, uuid);
  const listed = await api.send('GET /v1/allocations?node=b&state=active&resource_class=big');
  t.is((listed.json.allocations as unknown[]).length, 1);
  t.is((await api.send('DELETE /v1/nodes/b/allocation')).status, 204);
  t.like((await api.send('GET /v1/nodes/b')).json, { allocation_uuid: null, instance_uuid: null });
  t.is((await api.send('GET /v1/nodes/b/allocation')).status, 404);
});

test('many allocations side by side never share a node', async (t) => {
  const api = await withFreeNodes(t);
  const done = await Promise.all(
    [1, 2, 3, 4, 5].map(() => allocated(api, { resource_class: 'big' })),
  );
  const nodes = new Set(done.map(({ json }) => json.node_uuid));
  t.deepEqual(
    [A, B, C, null].filter((uuid) => !nodes.has(uuid)),
    [],
  );
  t.is(done.filter(({ json }) => json.state === 'error').length, 2);
});

const UNFIT: readonly (readonly [why: string, change: object, error: RegExp])[] = [
  ['another class', { resourceClass: 'small' }, /no available nodes match the resource class big/],
  ['maintenance', { maintenance: true }, /no available nodes/],
  ['an unknown power state', { powerState: null }, /no available nodes/],
  ['an instance', { instanceUuid: C }, /no available nodes/],
];
for (const [why, change, error] of UNFIT)
  test(`a node with ${why} is not taken`, async (t) => {
    const api = await withFreeNodes(t);
    for (const uuid of [B, C]) await api.send(`DELETE /v1/nodes/${uuid}`);
    await updateNode(api.database, A, change);
    const { json } = await allocated(api, { resource_class: 'big' });
    t.is(json.state, 'error');
    t.regex(String(json.last_error), error);
  });

test('traits, candidates and owner narrow the choice', async (t) => {
  const api = await withFreeNodes(t);
  await api.send('PUT /v1/nodes/c/traits', { body: { traits: ['CUSTOM_GPU', 'HW_CPU_X86_VMX'] } });
  const traits = ['CUSTOM_GPU'];
  t.is((await allocated(api, { resource_class: 'big', traits })).json.node_uuid, C);
  const again = await allocated(api, { resource_class: 'big', traits });
  t.regex(String(again.json.last_error), /no suitable nodes have the requested traits CUSTOM_GPU/);
  const named = await allocated(api, { resource_class: 'big', candidate_nodes: ['a', C] });
  t.like(named.json, { node_uuid: A, candidate_nodes: [A, C] });
  const owned = await allocated(api, { resource_class: 'big', owner: 'me' });
  t.is(owned.json.state, 'error');
  await updateNode(api.database, B, { lessee: 'me' });
  t.is((await allocated(api, { resource_class: 'big', owner: 'me' })).json.node_uuid, B);
});

test('what is wrong with a request for a node is said at once', async (t) => {
  const api = await withFreeNodes(t);
  const status = async (body: object, minor?: number) =>
    (await api.send('POST /v1/allocations', { body, ...(minor && { minor }) })).status;
  t.is(await status({}), 400, 'no resource class');
  t.is(await status({ resource_class: 'x'.repeat(81) }), 400);
  t.is(await status({ resource_class: 'big', candidate_nodes: ['nope'] }), 400);
  t.is(await status({ resource_class: 'big', traits: ['gpu'] }), 400);
  t.is(await status({ resource_class: 'big', colour: 'red' }), 400);
  t.is(await status({ resource_class: 'big', owner: 'me' }, 59), 406);
  t.is(await status({ node: 'a' }, 57), 400);
  t.is(await status({ resource_class: 'big', name: 'taken' }), 201);
  t.is(await status({ resource_class: 'big', name: 'taken' }), 409);
  t.is(await status({ resource_class: 'big' }, 51), 405);
});

test('PATCH changes name and extra only', async (t) => {
  const api = await withFreeNodes(t);
  const { uuid } = await allocated(api, { resource_class: 'big' });
  const patch = (path: string, value: unknown, minor = 82) =>
    api.send(`PATCH /v1/allocations/${uuid}`, { body: [{ op: 'add', path, value }], minor });
  t.is((await patch('/name', 'new')).json.name, 'new');
  t.deepEqual((await patch('/extra/a', 1)).json.extra, { a: 1 });
  t.is((await patch('/resource_class', 'x')).status, 400);
  t.is((await patch('/name', 'x', 56)).status, 405);
});

test('a node in use keeps its allocation, unless it is in maintenance', async (t) => {
  const api = await withFreeNodes(t);
  const { uuid, json } = await allocated(api, { resource_class: 'big' });
  const node = String(json.node_uuid);
  await api.database
    .updateTable('nodes')
    .set({ provisionState: 'active' })
    .where('uuid', '=', node)
    .execute();
  t.is((await api.send(`DELETE /v1/allocations/${uuid}`)).status, 409);
  const loses = [{ op: 'remove', path: '/instance_uuid' }];
  t.is((await api.send(`PATCH /v1/nodes/${node}`, { body: loses })).status, 409);
  await updateNode(api.database, node, { maintenance: true });
  t.is((await api.send(`PATCH /v1/nodes/${node}`, { body: loses })).status, 200);
  t.is((await api.send(`GET /v1/allocations/${uuid}`)).status, 404, 'it went with the instance');
});

test('an active node without an allocation gets one afterwards', async (t) => {
  const api = await withFreeNodes(t);
  await updateNode(api.database, A, { instanceUuid: C });
  const post = (body: object) => api.send('POST /v1/allocations', { body });
  const early = await post({ node: 'a' });
  t.is(early.status, 409);
  t.regex(String(early.error.faultstring), /must be active/);
  await api.send(`DELETE /v1/allocations/${C}`);
  await api.database
    .updateTable('nodes')
    .set({ provisionState: 'active' })
    .where('uuid', '=', A)
    .execute();
  const made = await post({ node: 'a' });
  t.is(made.status, 201, made.text);
  t.like(made.json, { uuid: C, state: 'active', node_uuid: A, resource_class: 'big' });
});

test('a search that a killed conductor left is taken up again', async (t) => {
  const api = await withFreeNodes(t);
  const wanted = { resourceClass: 'big', traits: [], candidateNodes: [], extra: {} } as const;
  const empty = { name: null, lastError: null, nodeUuid: null, owner: null } as const;
  const fields = { ...wanted, ...empty, state: 'allocating' } as const;
  await insertRecord(api.database, ALLOCATIONS, uuidOf(9), fields);
  const { signal } = new AbortController();
  const allocator = createAllocator({
    database: api.database,
    logger: pino({ level: 'silent' }),
    lock: ({ uuid }) => lockNode(api.database, uuid, { owner: 'x', waitMs: 1000, signal }),
    signal,
  });
  await allocator.resume();
  await allocator.settled();
  t.is((await getRecord(api.database, ALLOCATIONS, uuidOf(9))).state, 'active');
});

test('a node takes its allocation with it', async (t) => {
  const api = await withFreeNodes(t);
  const { uuid, json } = await allocated(api, { resource_class: 'big' });
  const node = String(json.node_uuid);
  t.is((await api.send(`DELETE /v1/nodes/${node}`)).status, 409, 'it has an instance');
  await updateNode(api.database, node, { maintenance: true });
  t.is((await api.send(`DELETE /v1/nodes/${node}`)).status, 204);
  t.is((await api.send(`GET /v1/allocations/${uuid}`)).status, 404);
});
