import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import got from 'got';
import { startConductor } from '../openstack/support/conductor.ts';
import { Daemons, freePort } from '../openstack/support/daemons.ts';
import { type Got, Receiver, SECRET } from './support/receiver.ts';

const API = { headers: { 'x-openstack-ironic-api-version': '1.82' }, retry: { limit: 0 } };
const NODE = { name: 'bm', driver: 'fake-hardware' };

/** Has a node do a verb, and waits until it is where that leads. */
async function provision(url: string, target: string, state: string): Promise<void> {
  await got.put(`${url}/v1/nodes/bm/states/provision`, { ...API, json: { target } });
  for (const deadlineMs = performance.now() + 60_000; performance.now() < deadlineMs;) {
    const { provision_state: found } = await got(`${url}/v1/nodes/bm`, API).json<{
      readonly provision_state: string;
    }>();
    if (found === state) return;
    await delay(50);
  }
  throw new Error(`The node does not become ${state}.`);
}

const changes = (all: readonly Got[]) => [
  ...new Map(
    all.filter(({ type }) => type === 'state.changed').map((one) => [one.id, one]),
  ).values(),
];

test('a dead receiver stops no deploy; after kill -9 it gets all that happened', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-webhooks-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await using daemons = new Daemons(folder);
  const listenPort = await freePort();
  const sections = {
    webhooks: [{ url: `http://127.0.0.1:${listenPort}/`, secret: SECRET } as object],
  } as const;
  const first = await startConductor(daemons, sections);
  await got.post(`${first.url}/v1/nodes`, { ...API, json: NODE });
  await provision(first.url, 'manage', 'manageable');
  await provision(first.url, 'provide', 'available');
  const json = [
    { op: 'add', path: '/instance_info', value: { image_source: 'http://127.0.0.1/i' } },
  ];
  await got.patch(`${first.url}/v1/nodes/bm`, { ...API, json });
  await provision(first.url, 'active', 'active');
  await daemons.end('conductor', 'SIGKILL');

  await using receiver = await Receiver.start(listenPort);
  const second = await startConductor(daemons, sections);
  await provision(second.url, 'deleted', 'available');
  const { events } = await got(`${second.url}/v1/nodes/bm/timeline?limit=1000`, API).json<{
    readonly events: readonly { readonly id: number; readonly kind: string }[];
  }>();
  const wanted = events.filter(({ kind }) => kind === 'state.changed').map(({ id }) => id);
  t.true(wanted.length > 8, JSON.stringify(events));
  const all = await receiver.until((posts) => changes(posts).length >= wanted.length);
  t.deepEqual(
    changes(all).map(({ eventId }) => eventId),
    wanted,
  );
  t.true(all.every(({ genuine }) => genuine));
});
