import test, { type ExecutionContext } from 'ava';
import { transitions } from '../../conductor/states/index.ts';
import { SIMULATED_PARTS } from '../../conductor/drivers/types.ts';
import type { Database } from '../../conductor/store/database.ts';
import { type Harness, openHarness } from './harness.ts';
import { readRecording, type Recorded, shapeDifferences } from './recorded.ts';

type Difference = {
  /** Of `METHOD url body`. */
  readonly request: RegExp;
  readonly why: string;
  /** Our status, where it is another. */
  readonly status?: number;
  /** Differences of shape. */
  readonly shape?: readonly string[];
};

/** Of Nova's start. */
const ROOT: Difference = {
  request: /^GET \/ /,
  why: 'the root document tells of this process too',
  shape: ['+ironpxe'],
};

/** Where we differ from Ironic 21.4 on purpose. */
const DIFFERENT: readonly Difference[] = [
  {
    request: /drivers\/fake-hardware\/properties/,
    why: 'our fake driver has delays to set instead of two names',
    shape: ['-B1', '-B2', ...SIMULATED_PARTS.map((part) => `+fake_${part}_delay`)],
  },
  ROOT,
  {
    request: /\/validate/,
    why: 'the conductor of these tests always misses an image; 21.4 knows no firmware interface',
    shape: ['+deploy.reason', '+firmware'],
  },
];

/** Requests of a recording, sent to us with our own UUIDs in the place of the recorded ones. */
class Replay {
  readonly #api: Harness;
  readonly #uuids = new Map([['/conductors/localhost', '/conductors/test-conductor']]);

  constructor(api: Harness) {
    this.#api = api;
  }

  #translated(text: string): string {
    return [...this.#uuids].reduce((done, [theirs, ours]) => done.replaceAll(theirs, ours), text);
  }

  async send(recorded: Recorded, minor: number | 'latest') {
    const { method, body } = recorded;
    const json = body === undefined ? undefined : this.#translated(JSON.stringify(body));
    const url = this.#translated(recorded.url);
    const reply = await this.#api.send(`${method} ${url}`, { body: json, minor });
    const theirs = (recorded.answer as { uuid?: string } | undefined)?.uuid;
    if (recorded.status === 201 && theirs !== undefined)
      this.#uuids.set(theirs, String(reply.json.uuid));
    return reply;
  }
}

/** Brings a node into a state in which a recorded verb was accepted: their machine was quicker. */
async function makeLegal(database: Database, recorded: Recorded): Promise<void> {
  const target = (recorded.body as { target?: string } | undefined)?.target ?? '';
  const isVerb = recorded.url.endsWith('/provision');
  const states = [
    { verbs: ['adopt', 'inspect', 'clean', 'provide'], state: 'manageable' },
    { verbs: ['deleted', 'rebuild', 'rescue'], state: 'active' },
    { verbs: ['unrescue'], state: 'rescue' },
    { verbs: ['manage'], state: 'enroll' },
    { verbs: ['active', 'abort'], state: 'available' },
  ];
  const state = states.find(({ verbs }) => isVerb && verbs.includes(target))?.state;
  if (recorded.method === 'PATCH')
    await database
      .updateTable('nodes')
      .set({ provisionState: 'active', targetProvisionState: null })
      .where('provisionState', '=', 'deploying')
      .execute();
  const place = state ?? (recorded.method === 'DELETE' ? 'available' : undefined);
  if (place === undefined) return;
  await database
    .updateTable('nodes')
    .set({ provisionState: place, targetProvisionState: null })
    .execute();
}

test('every request of the openstack client is answered like Ironic 21.4 does, but for a table', async (t) => {
  const api = await openHarness('http://ironic');
  t.teardown(api.close);
  const replay = new Replay(api);
  const used = new Set<Difference>();
  for (const recorded of readRecording('cli')) {
    await makeLegal(api.database, recorded);
    const reply = await replay.send(recorded, 78);
    const request = `${recorded.method} ${recorded.url} ${JSON.stringify(recorded.body)}`;
    const difference = DIFFERENT.find((row) => row.request.test(request));
    if (difference !== undefined) used.add(difference);
    const title = `${recorded.n} ${recorded.command}: ${reply.text}`;
    t.is(reply.status, difference?.status ?? recorded.status, title);
    if (reply.status >= 300 || recorded.status >= 300 || recorded.answer === undefined) continue;
    const allowed = difference?.shape ?? [];
    const shape = shapeDifferences(recorded.answer, JSON.parse(reply.text));
    t.deepEqual(
      shape.filter((item) => !allowed.includes(item)),
      [],
      title,
    );
    t.is(reply.headers.location === undefined, recorded.location === undefined, title);
  }
  t.deepEqual(
    DIFFERENT.filter((row) => !used.has(row) && row !== ROOT),
    [],
    'every row of the table is needed',
  );
});

for (const name of ['nova', 'nova-neutron'] as const)
  test(`what Nova sends (${name}) is answered field by field as Ironic 21.4 does`, (t) =>
    replayNova(t, name));

async function replayNova(t: ExecutionContext, name: 'nova' | 'nova-neutron'): Promise<void> {
  const api = await openHarness('http://ironic');
  t.teardown(api.close);
  const rows = readRecording(name);
  const node = rows.map(({ url }) => /nodes\/([0-9a-f-]{36})/.exec(url)?.[1]).find(Boolean);
  await api.send('POST /v1/nodes', { body: { driver: 'fake-hardware', uuid: node } });
  let whole = 0;
  for (const recorded of rows) {
    await makeLegal(api.database, recorded);
    const { method, url, body, status, answer } = recorded;
    const minor = Number(recorded.version?.split('.')[1] ?? 1);
    const reply = await api.send(`${method} ${url}`, { body, minor });
    const difference = DIFFERENT.find((row) =>
      row.request.test(`${method} ${url} ${JSON.stringify(body)}`),
    );
    t.is(reply.status, difference?.status ?? status, `${method} ${url}: ${reply.text}`);
    if (answer === undefined || reply.status >= 300) continue;
    const shape = shapeDifferences(answer, JSON.parse(reply.text));
    t.deepEqual(
      shape,
      [...(difference?.shape ?? [])].filter((item) => shape.includes(item)),
      url,
    );
    if (method === 'PATCH') whole += 1;
  }
  t.true(whole > 1, 'whole nodes were compared');
}

test('the states that the replay sets exist in the table', (t) => {
  const from = new Set(transitions().map((row) => row.from));
  for (const state of ['manageable', 'active', 'rescue', 'enroll', 'available'] as const)
    t.true(from.has(state));
});
