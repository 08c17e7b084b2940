import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CellResult, runCell } from './cell.ts';
import { makeImages } from './disk.ts';
import { type Fault, FAULTS } from './faults.ts';
import { type Phase, PHASES } from './phases.ts';
import { lineOf, tableOf } from './report.ts';

/** So many deploys run at a time: most of what they do is waiting. */
const AT_ONCE = Number(process.env['IRONPXE_FAULTS_AT_ONCE'] ?? 4);

/** Those that are named on the command line; all when none is. */
function chosen<T extends { readonly name: string }>(all: readonly T[]): readonly T[] {
  const named = all.filter(({ name }) => process.argv.slice(2).includes(name));
  return named.length > 0 ? named : all;
}

function checkNames(): void {
  const known = [...FAULTS, ...PHASES].map(({ name }) => name);
  const unknown = process.argv.slice(2).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  console.error(`There is no ${unknown.join(', ')}; there are ${known.join(', ')}.`);
  process.exit(2);
}

async function runAll(parent: string): Promise<readonly CellResult[]> {
  const images = await mkdtemp(join(parent, 'images-'));
  await makeImages(images);
  const cells: [Fault, Phase][] = chosen(FAULTS).flatMap((fault) =>
    chosen(PHASES).map((phase): [Fault, Phase] => [fault, phase]),
  );
  const results: CellResult[] = [];
  const lane = async () => {
    for (let cell = cells.shift(); cell !== undefined; cell = cells.shift()) {
      const result = await runCell(...cell, { parent, images });
      results.push(result);
      console.log(lineOf(result));
      for (const problem of result.problems) console.log(problem.replaceAll(/^/gm, '      '));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}

checkNames();
const parent = await mkdtemp(join(tmpdir(), 'ironpxe-faults-'));
try {
  const results = await runAll(parent);
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
  console.log(`\n${tableOf(results, names(chosen(PHASES)), names(chosen(FAULTS)))}\n`);
  const wrong = results.filter(({ problems }) => problems.length > 0).length;
  const active = results.filter(({ ended }) => ended.startsWith('active')).length;
  const good = results.length - wrong;
  console.log(`${active} ended active, ${results.length - active} did not`);
  console.log(`${good} passed, ${wrong} failed`);
  process.exitCode = wrong === 0 && good > 0 ? 0 : 1;
} finally {
  await rm(parent, { recursive: true, force: true });
}
