import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('..', import.meta.url));
const bin = `${top}/node_modules/.bin`;

/** Folders whose tests need machines, root or services: with a suite or a script of their own. */
const MACHINES = [
  'interop',
  'e2e',
  'atomic',
  'boot',
  'classic',
  'cloud',
  'faults',
  'ipa',
  'ironic',
  'openstack',
];

/** What `npm test` runs, in this order; the heavy ones alone, as a machine with two cores likes it. */
const SUITES: Readonly<Record<string, readonly string[]>> = {
  types: ['tsc', '-p', '.'],
  lint: ['oxlint', '--type-aware', '--deny-warnings'],
  format: ['oxfmt', '--check'],
  unit: ['ava', 'test/**', ...apart(...MACHINES)],
  interop: ['ava', '--concurrency=1', '--timeout=10m', 'test/interop/**'],
  e2e: ['ava', '--concurrency=1', '--timeout=15m', 'test/e2e/**'],
};

/** Leaves folders of `test/` out. */
function apart(...folders: readonly string[]): string[] {
  return folders.map((folder) => `!test/${folder}/**`);
}

type Counts = { passed: number; failed: number };

/** Runs a suite before the eyes of the caller. AVA counts its tests; the others count as one. */
async function runSuite(name: string, command: readonly string[]): Promise<Counts> {
  const [program = '', ...args] = command;
  console.log(`\n== ${name}: ${command.join(' ')}`);
  const child = spawn(program, args, {
    cwd: top,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    process.stdout.write(chunk);
    text += chunk;
  });
  const [exitCode] = await once(child, 'close');
  const counted = program === 'ava' ? countAva(text) : { passed: 0, failed: 0 };
  const good = exitCode === 0;
  if (program !== 'ava') return { passed: Number(good), failed: Number(!good) };
  return { passed: counted.passed, failed: good ? 0 : Math.max(1, counted.failed) };
}

/** Reads AVA's report; its last lines tell how many passed only where none failed. */
function countAva(text: string): Counts {
  const passed = text.match(/^ {2}✔ /gm)?.length ?? 0;
  const ends = text.matchAll(
    /^ {2}(\d+) (?:tests? failed|uncaught exceptions?|unhandled rejections?|tests? (?:was|were) pending|hooks? failed|test files? .*)/gm,
  );
  const failed = [...ends].reduce((total, [, count = '0']) => total + Number(count), 0);
  return { passed, failed };
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(SUITES, name));
if (unknown.length > 0) {
  console.error(
    `There is no suite ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}.`,
  );
  process.exit(2);
}
const total: Counts = { passed: 0, failed: 0 };
for (const [name, command] of Object.entries(SUITES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const counts = await runSuite(name, command);
  total.passed += counts.passed;
  total.failed += counts.failed;
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
