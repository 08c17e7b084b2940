import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CellResult, runCell } from './cell.ts';
import { makeImages } from './disk.ts';
import { type Fault, FAULTS } from './faults.ts';
import { type Phase, PHASES } from './phases.ts';
import { countsOf, lineOf, pageOf, tableOf } from './report.ts';

/** So many deploys run at a time: most of what they do is waiting. */
const AT_ONCE = Number(process.env['IRONPXE_FAULTS_AT_ONCE'] ?? 4);
const PAGE = join(import.meta.dirname, '../../docs/fault-matrix.md');
const USAGE = 2;
const INTERRUPTED = 130;

const { write, named } = readArguments();
const stop = stopOnSignals();
const faults = chosen(FAULTS);
const phases = chosen(PHASES);
process.exitCode = await main();

async function main(): Promise<number> {
  const parent = await mkdtemp(join(tmpdir(), 'ironpxe-faults-'));
  try {
    const results = await runAll(parent);
    if (!stop.aborted) return await report(results);
    console.error(`interrupted after ${results.length} of ${faults.length * phases.length} cells`);
    return INTERRUPTED;
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

function readArguments() {
  const options = { write: { type: 'boolean', default: false } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const known = [...FAULTS, ...PHASES].map(({ name }) => name);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length === 0 && !(values.write && positionals.length > 0))
    return { write: values.write, named: positionals };
  const what =
    unknown.length > 0 ? `There is no ${unknown.join(', ')}` : '--write is for all cells';
  console.error(`${what}; there are ${known.join(', ')}.`);
  return process.exit(USAGE);
}

/** The first signal ends the cells, which tidy up; what they run ends by the terminal's signal too. */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => controller.abort(new Error(`interrupted by ${name}`)));
  return controller.signal;
}

/** Those that are named on the command line; all when none is. */
function chosen<T extends { readonly name: string }>(all: readonly T[]): readonly T[] {
  const some = all.filter(({ name }) => named.includes(name));
  return some.length > 0 ? some : all;
}

async function runAll(parent: string): Promise<readonly CellResult[]> {
  const images = await mkdtemp(join(parent, 'images-'));
  await makeImages(images);
  const cells: [Fault, Phase][] = faults.flatMap((fault) =>
    phases.map((phase): [Fault, Phase] => [fault, phase]),
  );
  const results: CellResult[] = [];
  const lane = async () => {
    for (let cell = cells.shift(); cell !== undefined; cell = cells.shift()) {
      const result = await runCell(...cell, { parent, images, stop });
      if (stop.aborted) return;
      results.push(result);
      console.log(lineOf(result));
      for (const problem of result.problems) console.log(problem.replaceAll(/^/gm, '      '));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}

async function report(results: readonly CellResult[]): Promise<number> {
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
  const table = tableOf(results, names(phases), names(faults));
  const { lines, isGood } = countsOf(results);
  console.log(`\n${table}\n\n${lines.join('\n')}`);
  if (write && isGood) await writeFile(PAGE, pageOf(table, lines, faults, phases));
  return isGood ? 0 : 1;
}
