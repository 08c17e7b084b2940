import test from 'ava';
import { updateNode } from '../../conductor/store/nodes.ts';
import type { JsonObject } from '../../conductor/store/types.ts';
import { openHarness, type Reply } from './harness.ts';

const INSTANCE = '33333333-3333-4333-8333-333333333333';
const uuidOf = (index: number) => `00000000-0000-4000-8000-00000000000${index}`;

async function fiveNodes(t: { teardown(fn: () => Promise<void>): void }) {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  for (const [index, name] of ['d', 'b', 'e', 'a', 'c'].entries())
    await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name, uuid: uuidOf(index) } });
  await updateNode(api.database, uuidOf(1), { instanceUuid: INSTANCE, maintenance: true });
  return api;
}

const names = (reply: Reply) => (reply.json.nodes as JsonObject[]).map(({ name }) => name).join('');

const QUERIES: readonly [query: string, names: string][] = [
  ['', 'dbeac'],
  ['?limit=2', 'db'],
  ['?limit=5000', 'dbeac'],
  ['?sort_key=name', 'abcde'],
  ['?sort_key=name&sort_dir=desc', 'edcba'],
  ['?sort_dir=desc', 'caebd'],
  ['?sort_key=instance_uuid&sort_dir=desc&limit=1', 'b'],
  ['?associated=True', 'b'],
  ['?associated=false', 'deac'],
  ['?maintenance=1', 'b'],
  [`?instance_uuid=${INSTANCE}`, 'b'],
  [`?instance_uuid=${uuidOf(9)}`, ''],
  [`?marker=${uuidOf(2)}`, 'ac'],
  [`?marker=${uuidOf(2)}&sort_dir=desc`, 'bd'],
  [`?marker=${uuidOf(1)}&sort_key=name`, 'cde'],
  ['?provision_state=enroll', 'dbeac'],
  ['?provision_state=active', ''],
];
for (const [query, expected] of QUERIES)
  test(`GET /v1/nodes${query} is ${expected || 'empty'}`, async (t) => {
    const api = await fiveNodes(t);
    for (const path of ['/v1/nodes', '/v1/nodes/', '/v1/nodes/detail']) {
      const reply = await api.send(`GET ${path}${query}`);
      t.is(reply.status, 200, reply.text);
      t.is(names(reply), expected, path);
    }
  });

for (const sort of [
  '',
  '&sort_key=name',
  '&sort_key=instance_uuid',
  '&sort_key=updated_at&sort_dir=desc',
])
  test(`following next${sort} gives every node once`, async (t) => {
    const api = await fiveNodes(t);
    let seen = '';
    let url = `/v1/nodes?limit=2&associated=false${sort}`;
    for (let pages = 0; pages < 4; pages += 1) {
      const reply = await api.send(`GET ${url}`);
      seen += names(reply);
      const { next } = reply.json;
      if (typeof next !== 'string') break;
      url = next.replace('http://h', '');
      t.regex(url, /^\/v1\/nodes\?limit=2&associated=false/);
    }
    t.is(seen.split('').sort().join(''), 'acde');
  });

test('each node of a detailed list is as it is shown alone', async (t) => {
  const api = await fiveNodes(t);
  // Neighbours that differ in what is written once for nodes alike.
  for (const index of [1, 2, 4])
    await updateNode(api.database, uuidOf(index), { interfaces: { network: `net${index % 2}` } });
  const { json } = await api.send('GET /v1/nodes/detail');
  const nodes = json.nodes as JsonObject[];
  const nets = nodes.map((node) => node.network_interface);
  t.deepEqual(nets, ['noop', 'net1', 'net0', 'noop', 'net0']);
  for (const node of nodes)
    t.deepEqual((await api.send(`GET /v1/nodes/${String(node.uuid)}`)).json, node);
});

test('a page that the database gives in several turns is whole and in order', async (t) => {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  const all = Array.from({ length: 250 }, (_, index) => `n${String(index).padStart(3, '0')}`);
  for (const name of all)
    await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name, shard: 'one' } });
  const listed = (reply: Reply) => (reply.json.nodes as JsonObject[]).map(({ name }) => name);
  t.deepEqual(listed(await api.send('GET /v1/nodes')), all);
  // All alike in what they are sorted by, and then with nothing at all there.
  for (const key of ['driver', 'owner', 'name']) {
    const reply = await api.send(`GET /v1/nodes?limit=230&sort_key=${key}&sort_dir=desc`);
    t.deepEqual(listed(reply), all.toReversed().slice(0, 230), key);
    const url = String(reply.json.next).replace('http://h', '');
    t.deepEqual(listed(await api.send(`GET ${url}`)), all.slice(0, 20).toReversed(), key);
  }
});

test('next is there only when the page is full, and never for an instance', async (t) => {
  const api = await fiveNodes(t);
  t.is((await api.send('GET /v1/nodes?limit=6')).json.next, undefined);
  t.is(
    (await api.send('GET /v1/nodes?limit=5')).json.next,
    `http://h/v1/nodes?limit=5&marker=${uuidOf(4)}`,
  );
  const one = await api.send(`GET /v1/nodes?instance_uuid=${INSTANCE}&limit=1`);
  t.is(one.json.next, undefined);
});

test('a list is brief, detail is whole, fields choose', async (t) => {
  const api = await fiveNodes(t);
  const first = async (query: string) =>
    Object.keys(((await api.send(`GET /v1/nodes${query}`)).json.nodes as JsonObject[])[0] ?? {});
  t.deepEqual((await first('')).sort(), [
    'instance_uuid',
    'links',
    'maintenance',
    'name',
    'power_state',
    'provision_state',
    'uuid',
  ]);
  t.true((await first('/detail')).includes('driver_info'));
  t.deepEqual(await first('?fields=UUID,extra'), ['uuid', 'extra', 'links']);
});

const BAD: readonly [query: string, status: number, minor?: number][] = [
  ['?limit=0', 400],
  ['?limit=-1', 400],
  ['?limit=x', 400],
  [`?marker=${uuidOf(9)}`, 404],
  ['?marker=x', 400],
  ['?sort_key=extra', 400],
  ['?sort_key=nope', 400],
  ['?sort_key=__proto__', 400],
  ['?sort_dir=up', 400],
  ['?provision_state=nope', 400],
  ['?associated=perhaps', 400],
  ['?instance_uuid=x', 400],
  ['?colour=red', 400],
  ['?fields=colour', 400],
  ['?fields=__proto__', 400],
  ['/detail?fields=uuid', 400],
  ['?fields=uuid', 406, 7],
  ['?provision_state=enroll', 406, 8],
];
for (const [query, status, minor = 11] of BAD)
  test(`GET /v1/nodes${query} at 1.${minor} is ${status}`, async (t) => {
    const api = await fiveNodes(t);
    const reply = await api.send(`GET /v1/nodes${query}`, { minor });
    t.is(reply.status, status, reply.text);
  });
