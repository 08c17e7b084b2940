import { execa } from 'execa';
import test from 'ava';
import { MIB } from '../../conductor/values/units.ts';

/** Holds 64 MiB of heap for a moment, and tells what it holds in all then and 2 s later. */
const PROGRAM = `
  import { startIdleMemory } from './conductor/run/idleMemory.ts';
  startIdleMemory();
  let held = Array.from({ length: 1 << 20 }, (_, index) => [index, index, index, index]);
  const before = process.memoryUsage.rss();
  held = [];
  setTimeout(() => console.log(before - process.memoryUsage.rss()), 2000);
`;

async function givenBackMib(flags: readonly string[]): Promise<number> {
  const args = [...flags, '--input-type=module-typescript', '--eval', PROGRAM];
  const { stdout } = await execa(process.execPath, args);
  return Number(stdout) / MIB;
}

test('memory of a busy moment is given back when there is nothing to do', async (t) => {
  t.true((await givenBackMib(['--expose-gc'])) > 48);
  // V8 by itself keeps it.
  t.true((await givenBackMib([])) < 48);
});
