import test from 'ava';
import { resources } from '../../conductor/api/resources.ts';
import { endpoints } from '../../conductor/api/resource.ts';
import { openHarness } from './harness.ts';

const A = '11111111-1111-4111-8111-111111111111';
const P = '22222222-2222-4222-8222-222222222222';

/** A small generator with a seed, so that a failure can be repeated (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const WORDS =
  'uuid name driver address node_uuid extra target value op path id traits type connector_id properties instance_uuid boot_device local_link_connection portgroup_uuid constructor toString key iqn reason'.split(
    ' ',
  );

const LEAVES = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  'x',
  A,
  P,
  'pxe_ssh',
  '52:54:00:00:00:01',
  'power on',
  'active',
  'add',
  'remove',
  '/extra/a',
  '/name',
  '\u0000',
  "'; drop table nodes; --",
  '%',
  'é\u{1f600}',
] as const;

function pick<T>(next: () => number, items: readonly T[]): T {
  return items[Math.floor(next() * items.length)] as T;
}

function anyJson(next: () => number, depth = 0): unknown {
  const kind = next();
  if (depth > 2 || kind < 0.4) return pick(next, LEAVES);
  const count = Math.floor(next() * 4);
  const items = Array.from({ length: count }, () => anyJson(next, depth + 1));
  if (kind < 0.6) return items;
  return Object.fromEntries(items.map((item) => [pick(next, WORDS), item]));
}

/** Bodies near to good ones get further into the code than noise does. */
const NEAR: readonly ((next: () => number) => unknown)[] = [
  (next) => ({ driver: 'pxe_ssh', [pick(next, WORDS)]: anyJson(next) }),
  (next) => ({ node_uuid: A, address: pick(next, LEAVES), [pick(next, WORDS)]: anyJson(next) }),
  (next) => [
    {
      op: pick(next, ['add', 'replace', 'remove']),
      path: `/${pick(next, WORDS)}`,
      value: anyJson(next),
    },
  ],
  (next) => [{ op: 'add', path: `/extra/${pick(next, WORDS)}`, value: anyJson(next) }],
  (next) => ({ target: pick(next, [...LEAVES, ...WORDS]), [pick(next, WORDS)]: anyJson(next) }),
  (next) => ({ node_uuid: A, type: 'iqn', connector_id: pick(next, LEAVES), extra: anyJson(next) }),
  (next) => anyJson(next),
];

/** Half of the bodies are of the kind that the endpoint expects. */
function bodyFor(next: () => number, method: string, path: string): unknown {
  const place = method === 'PATCH' ? 'PATCH' : path.split('/').at(-1);
  const fitting = { nodes: 0, ports: 1, portgroups: 1, PATCH: 3, provision: 4, connectors: 5 };
  const index = Object.entries(fitting).find(([name]) => name === place)?.[1];
  const make = index === undefined || next() < 0.5 ? pick(next, NEAR) : NEAR[index];
  return make?.(next);
}

const QUERIES = [
  'limit',
  'marker',
  'sort_key',
  'sort_dir',
  'fields',
  'detail',
  'node',
  'address',
  'instance_uuid',
  'associated',
  'method',
  'after',
  'addresses',
  'type',
  'shard',
  'project',
  'retired',
  'state',
];

const ABOUT = { version: '', configDigest: '', startedAt: new Date() };

for (const seed of [1, 2, 3])
  test(`no request makes a fault (seed ${seed})`, async (t) => {
    const next = random(seed);
    const api = await openHarness();
    t.teardown(api.close);
    const all = endpoints(resources(ABOUT));
    const statuses = new Set<number>();
    for (let count = 0; count < 3000; count += 1) {
      if (count % 100 === 0) {
        await api.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', uuid: A } });
        const port = { node_uuid: A, address: '52:54:00:00:00:01', uuid: P };
        await api.send('POST /v1/ports', { body: port });
      }
      const { path, method } = pick(next, all);
      const named = path.replaceAll(/:\w+/g, () =>
        encodeURIComponent(String(pick(next, [A, P, A, P, ...LEAVES]))),
      );
      const value = encodeURIComponent(String(pick(next, [...LEAVES, ...WORDS])));
      const query = next() < 0.3 ? `?${pick(next, QUERIES)}=${value}` : '';
      const body =
        method === 'GET' || method === 'DELETE' ? undefined : bodyFor(next, method, path);
      const minor = 1 + Math.floor(next() * 82);
      const reply = await api.send(`${method} ${named}${query}`, { body, minor });
      statuses.add(reply.status);
      t.true(
        reply.status < 500,
        `${method} ${named}${query} ${JSON.stringify(body)}: ${reply.text}`,
      );
    }
    for (const status of [200, 201, 400, 404]) t.true(statuses.has(status), `${status} seen`);
  });
