import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { openSource } from '../image-tools/source/source.ts';
import { atomicImage } from '../image-tools/fixture/image.ts';
import { readPartitionTable } from '../image-tools/partitions/table.ts';
import { rangeUrl } from '../image-tools/source/blockNode.ts';
import { openDisk } from '../image-tools/source/diskReader.ts';
import { run } from '../image-tools/process/run.ts';
import { applianceLaunch, recipeOf2014 } from './support/recipe2014.ts';
import { parseNumberOptions } from './support/options.ts';
import { interleave, median, type Contender, type Timing } from './support/rounds.ts';
import { formatTable } from './support/table.ts';

/** Bars of the project: how many times faster than the recipe of 2014. */
const BARS = { appliance: 3.5, userSpace: 60 } as const;
const LIMIT_BEYOND_LAUNCH_S = 5;

const TOOL = join(import.meta.dirname, '../bin/atomic-to-pxe');

const NAMES = {
  recipe: 'recipe of 2014',
  appliance: 'atomic-to-pxe',
  userSpace: 'atomic-to-pxe --no-appliance',
  userSpaceWhole: '  the same --checksums sha256',
  launch: 'one appliance launch',
  floor: 'floor: qemu-img of the range',
} as const;

/** Their processor time cannot be told. */
const DETACHES: ReadonlySet<string> = new Set([NAMES.recipe]);
const TICKS_PER_SECOND = 100;

async function main(): Promise<void> {
  const { rounds } = parseNumberOptions({ rounds: 3 });
  const image = await atomicImage({ say: (line) => console.error(line) });
  const folder = await mkdtemp(join(tmpdir(), 'bench-convert-'));
  try {
    const cpu = new CpuTimes();
    const timings = await interleave((await contenders(image, folder)).map(cpu.watch), rounds);
    report(timings, cpu, rounds);
    await reportTemporary(image, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function contenders(image: string, folder: string): Promise<Contender[]> {
  const out = (name: string) => join(folder, name);
  // What one has left for the kernel to write must not slow the next one down.
  const settle = async () => {
    await run('sync', []);
  };
  const fresh = (name: string) => async () => {
    await rm(out(name), { recursive: true, force: true });
    await mkdir(out(name));
    await settle();
  };
  const copy = join(folder, 'copy.qcow2');
  return [
    {
      name: NAMES.recipe,
      // The recipe changes the image that it is given.
      prepare: async () => {
        await run('cp', [image, copy]);
        await fresh('2014')();
      },
      run: () => recipeOf2014(copy, out('2014')),
    },
    { name: NAMES.appliance, prepare: fresh('tool'), run: () => tool(image, out('tool')) },
    {
      name: NAMES.userSpace,
      prepare: fresh('user'),
      run: () => tool(image, out('user'), '--no-appliance'),
    },
    {
      name: NAMES.userSpaceWhole,
      prepare: fresh('whole'),
      run: () => tool(image, out('whole'), '--no-appliance', '--checksums', 'sha256'),
    },
    { name: NAMES.launch, prepare: settle, run: applianceLaunch },
    { name: NAMES.floor, prepare: fresh('floor'), run: await floor(image, out('floor')) },
  ];
}

/** As a user runs it, with the checksums that are made by default; the recipe makes none. */
async function tool(image: string, folder: string, ...more: string[]): Promise<void> {
  const args = ['--output', folder, '--name', 'atomic', '--quiet', ...more];
  await run(TOOL, [image, ...args]);
}

async function floor(image: string, folder: string): Promise<() => Promise<void>> {
  const source = await openSource(image);
  await using disk = await openDisk(source);
  const table = await readPartitionTable(disk.read, source.virtualSizeBytes);
  const root = table.partitions.at(-1);
  if (!root) throw new Error(`${image} has no partitions`);
  const url = rangeUrl(source, root);
  return async () => {
    await run('qemu-img', ['convert', '-O', 'raw', url, join(folder, 'base')]);
  };
}

/** Processor time of each contender's processes; none for those that detach, as guestmount does. */
class CpuTimes {
  readonly #seconds = new Map<string, number[]>();

  readonly watch = (contender: Contender): Contender => ({
    ...contender,
    run: async () => {
      const before = await childSeconds();
      await contender.run();
      const taken = this.#seconds.get(contender.name) ?? [];
      this.#seconds.set(contender.name, [...taken, (await childSeconds()) - before]);
    },
  });

  /** The median, without the first round. */
  median(name: string): number {
    return median(this.#seconds.get(name)?.slice(1) ?? []);
  }
}

/** User and system time of all children that have ended, from proc_pid_stat(5), fields 16 and 17. */
async function childSeconds(): Promise<number> {
  const fields = (await readFile('/proc/self/stat', 'utf8')).replace(/^.*\) /s, '').split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

function report(timings: readonly Timing[], cpu: CpuTimes, rounds: number): void {
  const seconds = new Map(timings.map(({ name, roundsMs }) => [name, median(roundsMs) / 1000]));
  const of = (name: string) => seconds.get(name) ?? Number.NaN;
  const recipe = of(NAMES.recipe);
  const rows = timings.map(({ name, roundsMs }) => [
    name,
    `${of(name).toFixed(2)} s`,
    roundsMs.map((ms) => (ms / 1000).toFixed(2)).join(' '),
    DETACHES.has(name) ? '' : `${cpu.median(name).toFixed(2)} s`,
    `${(recipe / of(name)).toFixed(1)}×`,
  ]);
  console.log(
    `\nAtomic-style image, 6 GiB virtual; ${rounds} interleaved rounds after one for warmth\n`,
  );
  console.log(formatTable(['', 'median', 'rounds (s)', 'processor', 'faster than 2014'], rows));
  const beyond = of(NAMES.appliance) - of(NAMES.launch);
  console.log('');
  verdict('through libguestfs, times faster', recipe / of(NAMES.appliance), '≥', BARS.appliance);
  verdict('its time beyond one launch, s', beyond, '<', LIMIT_BEYOND_LAUNCH_S);
  verdict('--no-appliance, times faster', recipe / of(NAMES.userSpace), '≥', BARS.userSpace);
}

function verdict(what: string, value: number, sign: '≥' | '<', bar: number): void {
  const good = sign === '<' ? value < bar : value >= bar;
  console.log(
    `${good ? 'met   ' : 'MISSED'}  ${what}: ${value.toFixed(1)} (wanted ${sign} ${bar})`,
  );
  if (!good) process.exitCode = 1;
}

/** Watches the folder while the tool works: what is there at most, and is gone at the end. */
async function reportTemporary(image: string, folder: string): Promise<void> {
  const out = join(folder, 'watched');
  const done = new AbortController();
  await mkdir(out);
  const watching = watchPeak(out, done.signal);
  await tool(image, out).finally(() => done.abort());
  const peak = await watching;
  const { virtualSizeBytes } = await openSource(image);
  const temporary = Math.max(0, peak - (await diskUse(out)));
  verdict(
    'temporary disk use, % of the virtual size',
    (100 * temporary) / virtualSizeBytes,
    '<',
    10,
  );
}

async function watchPeak(folder: string, signal: AbortSignal): Promise<number> {
  let peak = 0;
  while (!signal.aborted) {
    peak = Math.max(peak, await diskUse(folder));
    await setTimeout(50);
  }
  return peak;
}

async function diskUse(folder: string): Promise<number> {
  const { stdout } = await run('du', ['-s', '-B1', folder], { okStatuses: [0, 1] });
  return Number.parseInt(stdout, 10) || 0;
}

await main();
