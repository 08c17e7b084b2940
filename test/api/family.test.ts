import test from 'ava';
import { updateNode } from '../../conductor/store/nodes.ts';
import { callerOf, openByName, sendAs } from '../auth/support.ts';
import { type Harness, openHarness, uuidOf } from './harness.ts';

const [PARENT, CHILD, OTHER] = [uuidOf(1), uuidOf(2), uuidOf(3)];
type Test = { teardown(fn: () => Promise<void>): void };

async function withFamily(t: Test): Promise<Harness> {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  const make = (body: object) =>
    api.send('POST /v1/nodes', { body: { driver: 'fake-hardware', ...body } });
  await make({ uuid: PARENT, name: 'host' });
  await make({ uuid: CHILD, name: 'nic', parent_node: 'host' });
  await make({ uuid: OTHER, name: 'other' });
  return api;
}

const uuids = ({ json }: { json: Record<string, unknown> }) =>
  (json.nodes as { uuid: string }[]).map(({ uuid }) => uuid);
const setParent = (api: Harness, node: string, value: unknown) =>
  api.send(`PATCH /v1/nodes/${node}`, { body: [{ op: 'add', path: '/parent_node', value }] });

test('a parent named by name is shown by UUID, and lists its children', async (t) => {
  const api = await withFamily(t);
  t.is((await api.send(`GET /v1/nodes/nic`)).json.parent_node, PARENT);
  t.is((await api.send(`GET /v1/nodes/host`)).json.parent_node, null);
  t.deepEqual((await api.send('GET /v1/nodes/host/children')).json, {
    children: [CHILD],
    links: { href: `http://h/v1/nodes?parent_node=${PARENT}`, rel: 'children' },
  });
  t.deepEqual((await api.send('GET /v1/nodes/other/children')).json.children, []);
  t.is((await api.send('GET /v1/nodes/none/children')).status, 404);
  t.is((await api.send('GET /v1/nodes/host/children', { minor: 82 })).status, 404);
});

for (const minor of [1, 82, 'latest'] as const)
  test(`children are in no list of version ${minor}, unless they are asked for`, async (t) => {
    const api = await withFamily(t);
    t.deepEqual(uuids(await api.send('GET /v1/nodes', { minor })), [PARENT, OTHER]);
    t.deepEqual(uuids(await api.send('GET /v1/nodes/detail', { minor })), [PARENT, OTHER]);
    t.is((await api.send(`GET /v1/nodes/${CHILD}`, { minor })).status, 200);
  });

const LISTS = [
  ['include_children=true', [PARENT, CHILD, OTHER]],
  ['include_children=false', [PARENT, OTHER]],
  [`parent_node=${PARENT}`, [CHILD]],
  ['parent_node=host', [CHILD]],
  [`parent_node=${OTHER}`, []],
  ['parent_node=none', []],
  ['include_children=true&limit=2&sort_key=parent_node', [PARENT, OTHER]],
] as const;
for (const [query, expected] of LISTS)
  test(`GET /v1/nodes?${query}`, async (t) => {
    const api = await withFamily(t);
    t.deepEqual(uuids(await api.send(`GET /v1/nodes?${query}`)), expected);
  });

test('a parent is changed and taken away by PATCH', async (t) => {
  const api = await withFamily(t);
  t.is((await setParent(api, 'nic', 'other')).json.parent_node, OTHER);
  t.is((await setParent(api, 'nic', null)).json.parent_node, null);
  t.is((await setParent(api, 'nic', PARENT)).json.parent_node, PARENT);
  const body = [{ op: 'remove', path: '/parent_node' }];
  t.is((await api.send('PATCH /v1/nodes/nic', { body })).json.parent_node, null);
});

test('no node is a parent of itself, of its parents, or of nobody', async (t) => {
  const api = await withFamily(t);
  await setParent(api, 'other', 'nic');
  for (const [node, parent] of [
    ['host', 'host'],
    ['host', 'nic'],
    ['host', 'other'],
    ['nic', 'other'],
    ['host', 'none'],
    ['host', 'x'.repeat(37)],
    ['host', 7],
  ] as const) {
    const { status, error } = await setParent(api, node, parent);
    t.is(status, 400, `${node} in ${parent}`);
    t.regex(String(error.faultstring), /parent_node/);
  }
  const body = { driver: 'fake-hardware', parent_node: 'none' };
  t.is((await api.send('POST /v1/nodes', { body })).status, 400);
});

test('a child whose parent is removed is a node like others', async (t) => {
  const api = await withFamily(t);
  t.is((await api.send('DELETE /v1/nodes/host')).status, 204);
  t.deepEqual(uuids(await api.send('GET /v1/nodes')), [CHILD, OTHER]);
});

test('an allocation takes no child', async (t) => {
  const api = await withFamily(t);
  for (const uuid of [CHILD, OTHER]) {
    await api.send(`PATCH /v1/nodes/${uuid}`, {
      body: [{ op: 'add', path: '/resource_class', value: 'x' }],
    });
    const state = { provisionState: 'available', powerState: 'power off' };
    await api.database.updateTable('nodes').set(state).where('uuid', '=', uuid).execute();
  }
  const states = async (name: string) => {
    await api.send('POST /v1/allocations', { body: { name, resource_class: 'x' } });
    for (;;) {
      const { json } = await api.send(`GET /v1/allocations/${name}`);
      if (json.state !== 'allocating') return [json.state, json.node_uuid];
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  t.deepEqual(await states('first'), ['active', OTHER]);
  t.deepEqual(await states('second'), ['error', null]);
});

test('a parent that the caller may not see, or of another owner, is as if it were not there', async (t) => {
  const api = await openByName({ root: callerOf('admin'), own: callerOf('admin', 'p') });
  t.teardown(api.close);
  const post = (who: string, body: object) =>
    sendAs(api.app, who, 'POST /v1/nodes', { driver: 'fake-hardware', ...body });
  await post('root', { uuid: PARENT, name: 'foreign' });
  await post('root', { uuid: OTHER, name: 'own', owner: 'p' });
  t.is((await post('own', { parent_node: 'foreign' })).status, 400);
  t.is((await post('own', { uuid: CHILD, parent_node: 'own' })).json.parent_node, OTHER);
  t.is((await post('root', { parent_node: 'own' })).status, 400, 'of nobody in that of a project');
  const patch = (who: string) =>
    sendAs(api.app, who, `PATCH /v1/nodes/${CHILD}`, [
      { op: 'add', path: '/parent_node', value: OTHER },
    ]);
  t.is((await patch('own')).status, 403);
  t.is((await patch('root')).status, 200);
  const children = () => sendAs(api.app, 'own', 'GET /v1/nodes/own/children');
  t.deepEqual((await children()).json.children, [CHILD]);
  await updateNode(api.database, CHILD, { owner: 'q' });
  t.deepEqual((await children()).json.children, []);
  t.is((await sendAs(api.app, 'own', 'GET /v1/nodes/foreign/children')).status, 404);
});
