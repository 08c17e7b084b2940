import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskPlan } from '../conductor/deploy/plan/types.ts';
import { run } from '../conductor/process/run.ts';
import { MIB } from '../conductor/values/units.ts';
import { type FleetOrder, type FleetResult, writeFleet } from './support/fleetConductor.ts';
import { deployFleets } from './support/fleetDeploys.ts';
import { makeFleetNetwork } from './support/fleetNetwork.ts';
import { startFleetTarget } from './support/fleetTarget.ts';
import { type Image, makeImage } from './support/image.ts';
import { LIKE_CONDUCTOR } from './support/likeConductor.ts';
import { parseNumberOptions } from './support/options.ts';
import { pickScratchFolder } from './support/scratch.ts';
import { formatTable } from './support/table.ts';
import { printVerdicts, type Verdict } from './support/verdicts.ts';

const COUNTS = [1, 2, 4, 8, 16, 32];
const BAR_MIB = 400;
/** A fleet with one slow link, and how slow that is. */
const FEW = 4;
const SLOWER = 20;

type Row = FleetResult & { readonly machines: number };
type Options = Record<'image-mib' | 'mbit' | 'most' | 'at-once' | 'in-flight-mib', number>;

const [flag, order] = process.argv.slice(2);
if (flag === '--conductor' && order !== undefined)
  console.log(JSON.stringify(await writeFleet(JSON.parse(order) as FleetOrder)));
else process.exitCode = await main();

async function main(): Promise<number> {
  const options = parseNumberOptions({
    'image-mib': 64,
    mbit: 1000,
    most: 32,
    'at-once': 16,
    'in-flight-mib': 8,
  });
  const counts = COUNTS.filter((count) => count <= options.most);
  const imageBytes = options['image-mib'] * MIB;
  const folder = await mkdtemp(
    join(await pickScratchFolder(imageBytes * (options.most + 2)), 'ironpxe-fleet-'),
  );
  try {
    const image = await makeImage(join(folder, 'image.raw'), imageBytes, imageBytes);
    const rows: Row[] = [];
    for (const machines of counts) rows.push(await measure(machines, image, folder, options));
    report(rows, image, options);
    const slow = await besideSlowOne(image, folder, options);
    await rm(image.path);
    const { mbit, 'image-mib': imageMib } = options;
    const deploys = { counts, parent: folder, mbit, imageMib };
    console.log(
      '\nWhole deploys: boot of the ramdisk, write, comparison, partition table, reboot\n',
    );
    printVerdicts([memoryOf(rows), slow, ...(await deployFleets(deploys))]);
    return Number(process.exitCode ?? 0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One fleet with a network, targets and a conductor process of its own. */
async function measure(
  machines: number,
  image: Image,
  parent: string,
  options: Options,
  lastMbit = options.mbit,
): Promise<Row> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(parent, 'fleet-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const network = stack.use(await makeFleetNetwork(machines, options.mbit, lastMbit));
  const disks: string[] = [];
  for (const { namespace, address } of network.machines) {
    const target = await startFleetTarget(namespace, join(folder, address), image.sizeBytes);
    disks.push(stack.use(target).diskPath);
  }
  const result = await conduct(network.conductor, {
    plan: planOf(image),
    addresses: network.machines.map(({ address }) => address),
    maxConcurrentWrites: options['at-once'],
    inFlightMib: options['in-flight-mib'],
  });
  for (const disk of disks) await run('cmp', [image.path, disk]);
  return { ...result, machines };
}

/** In a process of its own, run as bin/ironpxe runs the conductor, so that its memory is its own. */
async function conduct(namespace: string, order: FleetOrder): Promise<FleetResult> {
  const node = [process.execPath, ...LIKE_CONDUCTOR.flags, import.meta.filename];
  const text = JSON.stringify(order);
  const { stdout } = await run(
    'nsenter',
    [`--net=/run/netns/${namespace}`, ...node, '--conductor', text],
    { env: LIKE_CONDUCTOR.env, timeoutMs: 3_600_000 },
  );
  return JSON.parse(stdout) as FleetResult;
}

function planOf({ path, sizeBytes }: Image): DiskPlan {
  const extent = (from: number, to: number) => ({
    targetOffsetBytes: from,
    lengthBytes: to - from,
    source: { kind: 'file', path, offsetBytes: from } as const,
  });
  return {
    diskSizeBytes: sizeBytes,
    extents: [extent(MIB, sizeBytes)],
    commit: [extent(0, MIB)],
    partitions: [],
    rootDevice: undefined,
    diskIdentifier: undefined,
  };
}

function report(rows: readonly Row[], { sizeBytes }: Image, options: Options): void {
  console.log(
    `The writes alone: ${options['image-mib']} MiB each, every link ${options.mbit} Mbit/s, ${options['at-once']} at once with ${options['in-flight-mib']} MiB under way each; all disks compared\n`,
  );
  const header = [
    'machines',
    's',
    'of the link',
    'CPU s per GiB',
    'MiB idle',
    'peak',
    'images out',
  ];
  console.log(
    formatTable(
      header,
      rows.map((row) => toCells(row, sizeBytes, options.mbit)),
    ),
  );
}

/** Four machines, and four of which one has a slow link: what the other three feel of it. */
async function besideSlowOne(image: Image, folder: string, options: Options): Promise<Verdict> {
  const alike = await measure(FEW, image, folder, options);
  const mixed = await measure(FEW, image, folder, options, Math.ceil(options.mbit / SLOWER));
  const slowest = ({ machinesMs }: Row) => Math.max(...machinesMs.slice(0, FEW - 1));
  console.log(
    `\nOf ${FEW} machines one has a link ${SLOWER} times as slow: the others took ` +
      `${(slowest(mixed) / 1000).toFixed(2)} s, it took ${(mixed.tookMs / 1000).toFixed(2)} s; ` +
      `with equal links they took ${(slowest(alike) / 1000).toFixed(2)} s`,
  );
  const value = slowest(mixed) / slowest(alike);
  return {
    what: 'time of machines beside a slow one, times that without',
    value,
    sign: '≤',
    bar: 1.1,
  };
}

function memoryOf(rows: readonly Row[]): Verdict {
  const value = Math.max(...rows.map((row) => row.peakMib));
  return { what: 'memory of the writes alone, MiB', value, sign: '<', bar: BAR_MIB };
}

function toCells(row: Row, imageBytes: number, mbit: number): string[] {
  const seconds = row.tookMs / 1000;
  const bytes = row.machines * imageBytes;
  return [
    `${row.machines}`,
    seconds.toFixed(2),
    `${((bytes * 8) / seconds / 1e4 / mbit).toFixed(0)} %`,
    (row.cpuMs / 1000 / (bytes / (1024 * MIB))).toFixed(2),
    row.idleMib.toFixed(0),
    row.peakMib.toFixed(0),
    (row.sentBytes / imageBytes).toFixed(2),
  ];
}
