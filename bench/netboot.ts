import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MIB } from '../conductor/values/units.ts';
import { type Running, TestNamespace } from '../test/netboot/support/netns.ts';
import {
  type Command,
  dnsmasqDhcp,
  dnsmasqTftp,
  keaDhcp,
  NET,
  nginx,
  ours,
  tftpdHpa,
} from './support/netbootPeers.ts';
import { parseNumberOptions } from './support/options.ts';
import { treeOf, usageOf } from './support/processes.ts';
import { median } from './support/rounds.ts';
import { pickScratchFolder } from './support/scratch.ts';
import { formatTable } from './support/table.ts';
import { printVerdicts, type Verdict } from './support/verdicts.ts';

const RAMDISK_BYTES = 100 * MIB;
const KERNEL_BYTES = 4 * MIB;
const DOWNLOADS = 10;
const BARS = { tftp: 1, dhcp: 3000, http: 0.7 } as const;
const TFTP_CLIENTS = join(import.meta.dirname, 'support/tftpClients.py');

/** Where it all happens: a server's and a client's namespace, joined by a cable. */
type Scene = {
  readonly server: TestNamespace;
  readonly client: TestNamespace;
  /** The boot files, in a folder that is named like the node. */
  readonly root: string;
  readonly uuid: string;
  /** What servers write. */
  readonly folder: string;
};

/** One server, by how it is started in a folder of its own. */
type Contender = {
  readonly name: string;
  readonly command: (folder: string, root: string) => Command | Promise<Command>;
};

const OURS: Contender = { name: 'ironpxe', command: ours };
const TFTP: readonly Contender[] = [
  OURS,
  { name: 'tftpd-hpa', command: (_, root) => tftpdHpa(root) },
  { name: 'dnsmasq', command: (_, root) => dnsmasqTftp(root) },
];
const DHCP: readonly Contender[] = [
  OURS,
  { name: 'dnsmasq', command: dnsmasqDhcp },
  { name: 'Kea', command: keaDhcp },
];
const HTTP: readonly Contender[] = [OURS, { name: 'nginx', command: nginx }];

/** What a client saw: so many units per second, of so many units in all. */
type Seen = { readonly rate: number; readonly units: number };
type Case = {
  readonly name: string;
  readonly unit: string;
  readonly contenders: readonly Contender[];
  readonly ask: (scene: Scene) => Promise<Seen>;
  readonly judge?: (rates: ReadonlyMap<string, number>) => Verdict;
};

function tftpCase(clients: number, windowsize: number): Case {
  const name = `TFTP, ${clients} client${clients === 1 ? '' : 's'}, windowsize ${windowsize}`;
  return {
    name,
    unit: 'MiB',
    contenders: TFTP,
    ask: (scene) => fetchByTftp(scene, clients, windowsize),
    judge: (rates) => ({
      what: `${name}: times tftpd-hpa`,
      value: (rates.get('ironpxe') ?? 0) / (rates.get('tftpd-hpa') ?? 1),
      sign: '≥',
      bar: BARS.tftp,
    }),
  };
}

async function fetchByTftp(scene: Scene, clients: number, windowsize: number): Promise<Seen> {
  const file = `${scene.uuid}/deploy_kernel`;
  const fetches = Math.max(clients, 8);
  const numbers = [clients, fetches, 1408, windowsize].map(String);
  const args = [TFTP_CLIENTS, NET.server, file, ...numbers];
  const { stdout, stderr } = await scene.client.run('/usr/bin/python3', args, 120_000);
  if (stdout === '') throw new Error(`the TFTP clients failed: ${stderr}`);
  const { bytes, seconds } = JSON.parse(stdout) as { bytes: number; seconds: number };
  if (bytes !== fetches * KERNEL_BYTES) throw new Error(`${bytes} bytes came by TFTP`);
  return { rate: bytes / MIB / seconds, units: bytes / MIB };
}

function dhcpCase(offered: number, judged: boolean): Case {
  const name = `DHCP, ${offered}/s offered`;
  return {
    name,
    unit: 'exchange',
    contenders: DHCP,
    ask: (scene) => exchange(scene, offered),
    ...(judged && {
      judge: (rates) => ({
        what: `${name}: exchanges/s with durable leases`,
        value: rates.get('ironpxe') ?? 0,
        sign: '≥',
        bar: BARS.dhcp,
      }),
    }),
  };
}

const DHCP_SECONDS = 4;
const DHCP_CLIENTS = 10_000;

/** DISCOVER, OFFER, REQUEST, ACK: four ways, one exchange. perfdhcp acts as a relay. */
async function exchange({ client }: Scene, offered: number): Promise<Seen> {
  const load = ['-r', String(offered), '-p', String(DHCP_SECONDS), '-R', String(DHCP_CLIENTS)];
  const args = ['-4', ...load, '-W', '1000000', '-l', NET.client, NET.server];
  // It ends with 3 when some exchange was not done in time: what a server cannot keep up with.
  const { stdout, stderr } = await client.run('perfdhcp', args, 60_000, [0, 3]);
  const acks = /REQUEST-ACK\*{3}[\s\S]*?received packets: (\d+)/.exec(stdout)?.[1];
  if (acks === undefined) throw new Error(`perfdhcp failed: ${stdout.slice(-500)} ${stderr}`);
  return { rate: Number(acks) / DHCP_SECONDS, units: Number(acks) };
}

const HTTP_CASE: Case = {
  name: `HTTP, ${RAMDISK_BYTES / MIB} MiB`,
  unit: 'MiB',
  contenders: HTTP,
  ask: async ({ client, uuid }) => {
    const url = `http://${NET.server}:8088/${uuid}/deploy_ramdisk`;
    const each = Array.from({ length: DOWNLOADS }, () => ['-o', '/dev/null', url]).flat();
    const startedMs = performance.now();
    const { exitCode } = await client.run('curl', ['--silent', '--fail', ...each], 120_000);
    if (exitCode !== 0) throw new Error(`curl ended with ${exitCode}`);
    const units = (DOWNLOADS * RAMDISK_BYTES) / MIB;
    return { rate: (units * 1000) / (performance.now() - startedMs), units };
  },
  judge: (rates) => ({
    what: 'HTTP: times nginx',
    value: (rates.get('ironpxe') ?? 0) / (rates.get('nginx') ?? 1),
    sign: '≥',
    bar: BARS.http,
  }),
};

const CASES: readonly Case[] = [
  tftpCase(1, 1),
  tftpCase(1, 16),
  tftpCase(50, 1),
  tftpCase(50, 16),
  dhcpCase(1000, false),
  dhcpCase(4000, true),
  HTTP_CASE,
];

async function main(): Promise<void> {
  const { rounds, only } = parseNumberOptions({ rounds: 3, only: CASES.length + 1 });
  await using scene = await setScene();
  const verdicts: Verdict[] = [];
  const rows: string[][] = [];
  for (const one of CASES.slice(only > CASES.length ? 0 : only - 1, only)) {
    const measured = await measureInTurns(one, scene, rounds);
    rows.push(...rowsOf(one, measured));
    const rates = new Map(measured.map(({ name, rates: all }) => [name, median(all)]));
    if (one.judge) verdicts.push(one.judge(rates));
  }
  console.log(`\n${rounds} interleaved rounds after one for warmth; medians\n`);
  console.log(formatTable(['', 'per second', 'cpu µs each', 'ironpxe is'], rows));
  console.log('');
  printVerdicts(verdicts);
}

async function setScene(): Promise<Scene & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const top = await mkdtemp(join(await pickScratchFolder(2 * RAMDISK_BYTES), 'ironpxe-netboot-'));
  // Leases are durable on a disk, or they are not.
  const folder = await mkdtemp('/var/tmp/ironpxe-netboot-');
  for (const made of [top, folder]) stack.defer(() => rm(made, { recursive: true, force: true }));
  await chmod(top, 0o755);
  const uuid = randomUUID();
  await mkdir(join(top, uuid));
  await writeFile(join(top, uuid, 'deploy_kernel'), randomBytes(KERNEL_BYTES));
  await writeFile(join(top, uuid, 'deploy_ramdisk'), randomBytes(RAMDISK_BYTES));
  const server = stack.use(await TestNamespace.make('bench-server'));
  const client = stack.use(await TestNamespace.make('bench-client'));
  await server.ip(`link add eth0 type veth peer name eth0 netns ${client.name}`);
  for (const [namespace, address] of [
    [server, NET.server] as const,
    [client, NET.client] as const,
  ]) {
    await namespace.ip(`addr add ${address}/${NET.prefix} dev eth0`);
    await namespace.ip('link set eth0 up');
  }
  const all = stack.move();
  const end = () => all.disposeAsync();
  return { server, client, root: top, uuid, folder, [Symbol.asyncDispose]: end };
}

type Measured = { readonly name: string; readonly rates: number[]; readonly costsUs: number[] };

async function measureInTurns(one: Case, scene: Scene, rounds: number): Promise<Measured[]> {
  const found = one.contenders.map(({ name }): Measured => ({ name, rates: [], costsUs: [] }));
  for (let round = 0; round <= rounds; round++) {
    const order = [...one.contenders.keys()];
    for (const at of round % 2 === 0 ? order : order.toReversed()) {
      const contender = one.contenders[at];
      if (contender === undefined) continue;
      const { rate, costUs } = await measure(one, contender, scene);
      if (round > 0) found[at]?.rates.push(rate);
      if (round > 0) found[at]?.costsUs.push(costUs);
    }
  }
  return found;
}

async function measure(
  one: Case,
  contender: Contender,
  scene: Scene,
): Promise<{ rate: number; costUs: number }> {
  const folder = await mkdtemp(join(scene.folder, 'server-'));
  const { program, args, env = {}, ready } = await contender.command(folder, scene.root);
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const running = scene.server.start('env', [...words, program, ...args], 300_000);
  try {
    await (ready === undefined ? delay(500) : running.output.waitFor(ready));
    const before = await processorMs(running);
    const { rate, units } = await one.ask(scene);
    const usedMs = (await processorMs(running)) - before;
    return { rate, costUs: (usedMs * 1000) / units };
  } catch (error) {
    throw new Error(`${contender.name}, ${one.name}: ${running.output.text.slice(-2000)}`, {
      cause: error,
    });
  } finally {
    await stop(running);
    await rm(folder, { recursive: true, force: true });
  }
}

/** nsenter and env become the server, so the child's process is the server's. */
async function processorMs({ child }: Running): Promise<number> {
  return (await usageOf(await treeOf(child.pid ?? 0))).processorMs;
}

async function stop({ child }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  if ((await Promise.race([ended, delay(3000, undefined, { ref: false })])) === undefined) {
    child.kill('SIGKILL');
    await ended;
  }
}

function rowsOf(one: Case, measured: readonly Measured[]): string[][] {
  const mine = median(measured.find(({ name }) => name === 'ironpxe')?.rates ?? []);
  return measured.map(({ name, rates, costsUs }) => [
    `${one.name}: ${name}`,
    `${median(rates).toFixed(0)} ${one.unit}`,
    median(costsUs).toFixed(0),
    name === 'ironpxe' ? '' : `${(mine / median(rates)).toFixed(2)} x`,
  ]);
}

await main();
