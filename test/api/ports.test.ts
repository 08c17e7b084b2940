import test from 'ava';
import { transition, updateNode } from '../../conductor/store/nodes.ts';
import type { JsonObject } from '../../conductor/store/types.ts';
import { openHarness } from './harness.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const PORT = '44444444-4444-4444-8444-444444444444';
type Test = { teardown(fn: () => Promise<void>): void };

async function withPort(t: Test) {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  for (const [name, uuid] of [
    ['one', A],
    ['two', B],
  ])
    await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name, uuid } });
  const body = { node_uuid: A, address: '52-54-00-AA-BB-01', uuid: PORT };
  const made = await api.send('POST /v1/ports', { body });
  return { api, made };
}

test('POST makes a port with a normal MAC', async (t) => {
  const { made } = await withPort(t);
  t.is(made.status, 201, made.text);
  t.is(made.headers.location, `http://h/v1/ports/${PORT}`);
  t.like(made.json, { uuid: PORT, address: '52:54:00:aa:bb:01', node_uuid: A, extra: {} });
});

const BAD: readonly [title: string, body: unknown, status: number][] = [
  ['no address', { node_uuid: A }, 400],
  ['no node', { address: '52:54:00:aa:bb:02' }, 400],
  ['a bad MAC', { node_uuid: A, address: '52:54:00' }, 400],
  ['an unknown node', { node_uuid: PORT, address: '52:54:00:aa:bb:02' }, 400],
  ['an unknown field', { node_uuid: A, address: '52:54:00:aa:bb:02', colour: 1 }, 400],
  ['a MAC in use, written otherwise', { node_uuid: B, address: '525400aabb01' }, 409],
  ['a UUID in use', { node_uuid: A, address: '52:54:00:aa:bb:02', uuid: PORT }, 409],
];
for (const [title, body, status] of BAD)
  test(`POST refuses ${title}`, async (t) => {
    const { api } = await withPort(t);
    const reply = await api.send('POST /v1/ports', { body });
    t.is(reply.status, status, reply.text);
    t.is(((await api.send('GET /v1/ports')).json.ports as unknown[]).length, 1);
  });

test('GET by UUID, not by MAC', async (t) => {
  const { api } = await withPort(t);
  t.is((await api.send(`GET /v1/ports/${PORT}`)).json.address, '52:54:00:aa:bb:01');
  t.is((await api.send(`GET /v1/ports/${A}`)).status, 404);
  t.is((await api.send('GET /v1/ports/52:54:00:aa:bb:01')).status, 400);
  t.deepEqual(Object.keys((await api.send(`GET /v1/ports/${PORT}?fields=address`)).json), [
    'address',
    'links',
  ]);
});

const LISTS: readonly [path: string, count: number | null][] = [
  ['/v1/ports', 1],
  ['/v1/ports/detail', 1],
  ['/v1/ports?node=one', 1],
  ['/v1/ports?node=two', 0],
  [`/v1/ports?node_uuid=${A}`, 1],
  ['/v1/ports?address=52:54:00:AA:BB:01', 1],
  ['/v1/ports?address=52:54:00:aa:bb:09', 0],
  ['/v1/nodes/one/ports', 1],
  ['/v1/nodes/two/ports/detail', 0],
  ['/v1/ports?node=nope', null],
  ['/v1/ports?address=nope', null],
];
for (const [path, count] of LISTS)
  test(`GET ${path}`, async (t) => {
    const { api } = await withPort(t);
    const reply = await api.send(`GET ${path}`);
    t.is(reply.status === 200, count !== null, reply.text);
    if (count !== null) t.is((reply.json.ports as JsonObject[]).length, count);
  });

test('PATCH changes extra, node and address, and refuses the rest', async (t) => {
  const { api } = await withPort(t);
  const patch = (body: unknown) => api.send(`PATCH /v1/ports/${PORT}`, { body });
  t.is((await patch([{ op: 'add', path: '/extra/a', value: 'b' }])).status, 200);
  t.is((await patch([{ op: 'replace', path: '/node_uuid', value: B }])).json.node_uuid, B);
  t.is(
    (await patch([{ op: 'replace', path: '/address', value: '52:54:00:AA:BB:05' }])).json.address,
    '52:54:00:aa:bb:05',
  );
  for (const bad of [
    [{ op: 'remove', path: '/address' }],
    [{ op: 'remove', path: '/node_uuid' }],
    [{ op: 'replace', path: '/uuid', value: A }],
    [{ op: 'replace', path: '/node_uuid', value: PORT }],
    [{ op: 'remove', path: '/extra/zz' }],
  ])
    t.is((await patch(bad)).status, 400, JSON.stringify(bad));
});

test('the MAC of a deployed node stays, except in maintenance', async (t) => {
  const { api } = await withPort(t);
  for (const event of ['manage', 'done', 'provide', 'done', 'deploy', 'done'] as const)
    await transition(api.database, A, event);
  const body = [{ op: 'replace', path: '/address', value: '52:54:00:aa:bb:07' }];
  const refused = await api.send(`PATCH /v1/ports/${PORT}`, { body });
  t.is(refused.status, 409);
  t.is(refused.error.ironpxe_code, 'FIELD_LOCKED');
  await updateNode(api.database, A, { maintenance: true });
  t.is((await api.send(`PATCH /v1/ports/${PORT}`, { body })).status, 200);
});

test('DELETE, and a node takes its ports with it', async (t) => {
  const { api } = await withPort(t);
  t.is((await api.send(`DELETE /v1/ports/${PORT}`)).status, 204);
  t.is((await api.send(`DELETE /v1/ports/${PORT}`)).status, 404);
  await api.send('POST /v1/ports', { body: { node_uuid: A, address: '52:54:00:aa:bb:01' } });
  await api.send('DELETE /v1/nodes/one');
  t.deepEqual((await api.send('GET /v1/ports')).json.ports, []);
});

test('a port with a name is found by it from 1.88 on', async (t) => {
  const { api } = await withPort(t);
  const port = { node_uuid: A, address: '52:54:00:00:00:01', name: 'front-1' };
  t.is((await api.send('POST /v1/ports', { body: port, minor: 87 })).status, 406);
  const { uuid } = (await api.send('POST /v1/ports', { body: port })).json;
  t.like((await api.send('GET /v1/ports/FRONT-1')).json, { uuid, name: 'front-1' });
  t.is((await api.send('GET /v1/ports/front-1', { minor: 87 })).status, 400);
  const patch = (value: unknown) =>
    api.send('PATCH /v1/ports/front-1', { body: [{ op: 'replace', path: '/name', value }] });
  t.is((await patch(A)).status, 400, 'would be taken for a UUID');
  t.is((await patch('front-2')).json.name, 'front-2');
  t.is((await patch('x')).status, 404);
  t.is((await api.send('DELETE /v1/ports/front-2')).status, 204);
});

test('two ports do not share a name; any number have none', async (t) => {
  const { api } = await withPort(t);
  const make = (last: number, name?: string | null) =>
    api.send('POST /v1/ports', {
      body: {
        node_uuid: A,
        address: `52:54:00:00:00:0${last}`,
        ...(name !== undefined && { name }),
      },
    });
  t.is((await make(1, 'one')).status, 201);
  const { status, error } = await make(2, 'One');
  t.is(status, 409);
  t.regex(String(error.faultstring), /name One already exists/);
  for (const [last, name] of [[3], [4], [5, null]] as const)
    t.is((await make(last, name)).status, 201);
});
