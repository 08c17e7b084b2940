import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startConductor } from '../test/openstack/support/conductor.ts';
import { Daemons } from '../test/openstack/support/daemons.ts';
import { startIronic } from './support/ironic.ts';
import { load, type LoadResult, type LoadSize, p99, type Shot } from './support/load.ts';
import { parseNumberOptions } from './support/options.ts';
import { treeListeningOn, peakMib, type Usage, usageOf } from './support/processes.ts';
import { median } from './support/rounds.ts';
import { formatTable } from './support/table.ts';
import { printVerdicts, type Verdict } from './support/verdicts.ts';

const LIST_RATIO_BAR = 10;
const MEMORY_RATIO_BAR = 1 / 3;
const MANY_NODES = { nodes: 10_000, p99Ms: 100, memoryMib: 300 } as const;
const SIZES = [100, 1000];
/** Nodes whose provision state is changed in each round. */
const PROVISIONED = 50;
const CONNECTIONS = 2;

/** One API under test. */
type Peer = {
  readonly name: 'ironpxe' | 'Ironic';
  readonly url: string;
  readonly pids: readonly number[];
  readonly startMs: number;
  readonly uuids: string[];
};

type Case = {
  readonly name: string;
  readonly shots: (peer: Peer, round: number) => (index: number) => Shot;
  /** As many requests; as long as a round lasts by default. */
  readonly count?: number;
  /** Waits until what the requests began has ended. */
  readonly settle?: (peer: Peer) => Promise<void>;
};

const LIST: Case = { name: 'GET /v1/nodes', shots: () => () => ({ path: '/v1/nodes' }) };
const DETAIL: Case = {
  name: 'GET /v1/nodes/detail',
  shots: () => () => ({ path: '/v1/nodes/detail' }),
};
const CASES: readonly Case[] = [
  LIST,
  DETAIL,
  { name: 'GET /v1/nodes/{id}', shots: (peer) => (index) => ({ path: nodePath(peer, index) }) },
  {
    name: 'PATCH /v1/nodes/{id}',
    shots: (peer, round) => (index) => ({
      method: 'PATCH',
      path: nodePath(peer, index),
      body: [{ op: 'add', path: '/extra/note', value: `round ${round}, ${index}` }],
    }),
  },
  {
    name: 'PUT …/states/provision',
    count: PROVISIONED,
    // Even rounds take the nodes to manageable, odd ones from there to available.
    shots: (peer, round) => (index) => ({
      method: 'PUT',
      path: `${nodePath(peer, index)}/states/provision`,
      body: { target: round % 2 === 0 ? 'manage' : 'provide' },
    }),
    settle: settled,
  },
];

function nodePath({ uuids }: Peer, index: number): string {
  return `/v1/nodes/${uuids[index % uuids.length]}`;
}

type Measured = { readonly result: LoadResult; readonly processorMs: number };

async function main(): Promise<void> {
  const asked = parseNumberOptions({ rounds: 3, 'round-ms': 1500 });
  // With the first one, an even number: else the next size finds nodes in another state.
  const options = { ...asked, rounds: asked.rounds | 1 };
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-bench-api-'));
  try {
    await keepCompiled(folder);
    await using daemons = new Daemons(folder);
    const peers = [await startOurs(daemons), await startTheirs(daemons)];
    const verdicts: Verdict[] = [];
    for (const size of SIZES) verdicts.push(...(await compare(peers, size, options)));
    verdicts.push(...(await compareWhole(peers)));
    await daemons[Symbol.asyncDispose]();
    verdicts.push(...(await manyNodes(folder, options)));
    console.log('');
    printVerdicts(verdicts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts and stops a conductor: the first start of a new tree strips types, later ones need not. */
async function keepCompiled(folder: string): Promise<void> {
  await using daemons = new Daemons(folder);
  await startConductor(daemons, {}, 'first');
}

async function startOurs(daemons: Daemons, name?: string): Promise<Peer> {
  const startedMs = performance.now();
  const { url } = await startConductor(daemons, {}, name);
  const startMs = performance.now() - startedMs;
  const pids = await treeListeningOn(Number(new URL(url).port));
  return { name: 'ironpxe', url, pids, startMs, uuids: [] };
}

async function startTheirs(daemons: Daemons): Promise<Peer> {
  const { url, listenPort, rpcPort, startMs } = await startIronic(daemons);
  const pids = [...(await treeListeningOn(listenPort)), ...(await treeListeningOn(rpcPort))];
  return { name: 'Ironic', url, pids, startMs, uuids: [] };
}

/** Enrolls nodes until there are so many. */
async function fill(peer: Peer, size: number): Promise<void> {
  const first = peer.uuids.length;
  const more = Array.from({ length: size - first }, () => randomUUID());
  const shotAt = (index: number): Shot => ({
    method: 'POST',
    path: '/v1/nodes',
    body: newNode(more[index] ?? '', first + index),
  });
  await load(peer.url, shotAt, { count: more.length }, CONNECTIONS);
  peer.uuids.push(...more);
}

/** As much as a node of a rack has. */
function newNode(uuid: string, index: number): object {
  const bmc = `192.0.2.${index % 250}`;
  return {
    uuid,
    name: `rack-${Math.floor(index / 40)}-node-${index}`,
    driver: 'fake-hardware',
    resource_class: 'baremetal',
    driver_info: { ipmi_address: bmc, ipmi_username: 'admin', ipmi_password: `secret-${index}` },
    properties: {
      cpus: 64,
      memory_mb: 262_144,
      local_gb: 960,
      cpu_arch: 'x86_64',
      capabilities: 'boot_mode:uefi,secure_boot:true',
    },
    extra: { rack: Math.floor(index / 40), serial: `SN${index}` },
  };
}

type Options = { readonly rounds: number; readonly 'round-ms': number };

async function compare(peers: readonly Peer[], size: number, options: Options): Promise<Verdict[]> {
  for (const peer of peers) await fill(peer, size);
  const rows: string[][] = [];
  const verdicts: Verdict[] = [];
  for (const one of CASES) {
    const [ours = [], theirs = []] = await measureInTurns(one, peers, options);
    rows.push([one.name, ...cells(ours), ...cells(theirs), `${ratio(ours, theirs).toFixed(1)} x`]);
    if (one === LIST || one === DETAIL)
      verdicts.push({
        what: `${one.name} of ${size}, times Ironic's requests/s`,
        value: ratio(ours, theirs),
        sign: '≥',
        bar: LIST_RATIO_BAR,
      });
  }
  const [first, second] = peers.map(({ name }) => name);
  const columns = (name = '') => [`${name} req/s`, 'p99 ms', 'cpu ms'];
  console.log(
    `\n${size} nodes, ${CONNECTIONS} connections, ${options.rounds} interleaved rounds\n`,
  );
  console.log(formatTable(['', ...columns(first), ...columns(second), 'ratio'], rows));
  return verdicts;
}

/** All rounds of each peer; the first round is for warmth, every other round goes backwards. */
async function measureInTurns(
  one: Case,
  peers: readonly Peer[],
  options: Options,
): Promise<Measured[][]> {
  const found = peers.map((): Measured[] => []);
  for (let round = 0; round <= options.rounds; round++) {
    const order = [...peers.keys()];
    for (const at of round % 2 === 0 ? order : order.toReversed()) {
      const peer = peers[at];
      if (peer === undefined) continue;
      const measured = await measure(one, peer, round, options);
      if (round > 0) found[at]?.push(measured);
    }
  }
  return found;
}

async function measure(one: Case, peer: Peer, round: number, options: Options): Promise<Measured> {
  const size: LoadSize =
    one.count === undefined
      ? { durationMs: options['round-ms'], fewest: 4 * CONNECTIONS }
      : { count: one.count };
  const before = await usageOf(peer.pids);
  const result = await load(peer.url, one.shots(peer, round), size, CONNECTIONS);
  await one.settle?.(peer);
  const after = await usageOf(peer.pids);
  return { result, processorMs: (after.processorMs - before.processorMs) / result.requests };
}

/** Waits until no node is on its way from one provision state to another. */
async function settled({ url, uuids }: Peer): Promise<void> {
  const headers = { 'x-openstack-ironic-api-version': '1.82' };
  for (;;) {
    const answer = await fetch(`${url}/v1/nodes?fields=uuid,target_provision_state&limit=1000`, {
      headers,
    });
    const { nodes } = (await answer.json()) as {
      nodes: { uuid: string; target_provision_state: string | null }[];
    };
    const watched = new Set(uuids.slice(0, PROVISIONED));
    if (!nodes.some((node) => watched.has(node.uuid) && node.target_provision_state !== null))
      return;
    await delay(100);
  }
}

function rate(measured: readonly Measured[]): number {
  return median(measured.map(({ result }) => result.requestsPerSecond));
}

function ratio(ours: readonly Measured[], theirs: readonly Measured[]): number {
  return rate(ours) / rate(theirs);
}

function worst(measured: readonly Measured[]): number {
  return p99(measured.flatMap(({ result }) => result.latenciesMs));
}

function cells(measured: readonly Measured[]): string[] {
  const processorMs = median(measured.map((each) => each.processorMs));
  return [rate(measured).toFixed(1), worst(measured).toFixed(1), processorMs.toFixed(1)];
}

/** Start and memory, when all rounds are over. */
async function compareWhole(peers: readonly Peer[]): Promise<Verdict[]> {
  const usages = new Map<string, Usage>();
  for (const { name, pids } of peers) usages.set(name, await usageOf(pids));
  const memory = (name: Peer['name']): number => usages.get(name)?.memoryMib ?? Number.NaN;
  const rows = peers.map(({ name, startMs }) => [
    name,
    `${(startMs / 1000).toFixed(2)} s`,
    `${memory(name).toFixed(0)} MiB`,
  ]);
  console.log('\nAPI and conductor together, without the database of Ironic\n');
  console.log(formatTable(['', 'start', 'memory after the rounds'], rows));
  const value = memory('ironpxe') / memory('Ironic');
  return [{ what: "memory, part of Ironic's", value, sign: '≤', bar: MEMORY_RATIO_BAR }];
}

/** The bounds with many nodes; no peer, for a round would take it an hour. */
async function manyNodes(folder: string, options: Options): Promise<Verdict[]> {
  await using daemons = new Daemons(folder);
  const peer = await startOurs(daemons, 'many');
  await fill(peer, MANY_NODES.nodes);
  const { nodes } = MANY_NODES;
  const middle = peer.uuids[nodes / 2];
  const pages = {
    'GET /v1/nodes': '/v1/nodes',
    'the page in the middle': `/v1/nodes?marker=${middle}`,
    'sorted by name': `/v1/nodes?sort_key=name&marker=${middle}`,
    'the fields that Nova asks for': `/v1/nodes?fields=${NOVA_FIELDS}`,
    'GET /v1/nodes/detail': '/v1/nodes/detail',
  };
  let p99Ms = Number.NaN;
  const rows: string[][] = [];
  for (const [name, path] of Object.entries(pages)) {
    const shots = () => () => ({ path });
    const [measured = []] = await measureInTurns({ name, shots }, [peer], options);
    rows.push([name, ...cells(measured)]);
    if (path === '/v1/nodes') p99Ms = worst(measured);
  }
  const peak = await peakMib(peer.pids[0] ?? 0);
  console.log(`\n${nodes} nodes, pages of 1000\n`);
  console.log(formatTable(['', 'req/s', 'p99 ms', 'cpu ms'], rows));
  return [
    { what: `${nodes} nodes: p99 of a page, ms`, value: p99Ms, sign: '<', bar: MANY_NODES.p99Ms },
    {
      what: `${nodes} nodes: peak of memory, MiB`,
      value: peak,
      sign: '<',
      bar: MANY_NODES.memoryMib,
    },
  ];
}

const NOVA_FIELDS =
  'uuid,power_state,target_power_state,provision_state,target_provision_state,last_error,maintenance,properties,instance_uuid,traits,resource_class';

await main();
