import { formatBytes, MIB } from '../../conductor/values/units.ts';
import type { CellResult } from './cell.ts';
import type { Fault } from './faults.ts';
import type { Phase } from './phases.ts';

/** The results as a table: faults down, phases across. */
export function tableOf(
  results: readonly CellResult[],
  phases: readonly string[],
  faults: readonly string[],
): string {
  const rows = faults.map((fault) => [
    fault,
    ...phases.map((phase) =>
      cellText(results.find((one) => one.fault === fault && one.phase === phase)),
    ),
  ]);
  const all = [['', ...phases], ...rows];
  const widths = ['', ...phases].map((_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(['', ...phases]), rule, ...rows.map(line)].join('\n');
}

/** How it ended; with what was sent again where that is more than commands and headers. */
function cellText(result: CellResult | undefined): string {
  if (result === undefined) return '-';
  const { problems, ended, againBytes, missingBytes } = result;
  const mark = problems.length > 0 ? 'WRONG ' : '';
  const again = againBytes >= MIB ? `, ${formatBytes(againBytes)} again` : '';
  const missing = missingBytes === undefined ? '' : ` (${formatBytes(missingBytes)} were missing)`;
  return `${mark}${ended}${again}${missing}`;
}

/** One line of what a cell came to. */
export function lineOf({ fault, phase, ended, problems, ...numbers }: CellResult): string {
  const { seconds, againBytes, missingBytes } = numbers;
  const mark = problems.length === 0 ? 'ok   ' : 'WRONG';
  const missing = missingBytes === undefined ? '' : `, ${formatBytes(missingBytes)} were missing`;
  const bytes = `${formatBytes(againBytes)} besides the plan's${missing}`;
  return `${mark} ${fault} × ${phase}: ${ended} (${seconds.toFixed(0)} s; ${bytes})`;
}

/** The sums, with one line like a test runner's at the end. No cell at all is not good. */
export function countsOf(results: readonly CellResult[]) {
  const wrong = results.filter(({ problems }) => problems.length > 0).length;
  const good = results.length - wrong;
  const active = results.filter(({ ended }) => ended.startsWith('active')).length;
  const others = results.length - active;
  const most = Math.max(0, ...results.filter(isConductorKill).map(({ againBytes }) => againBytes));
  const lines = [
    `${active} ended active, ${others} failed with an error`,
    `after a kill of the conductor at most ${formatBytes(most)} were sent again`,
    `${good} passed, ${wrong} failed`,
  ];
  return { lines, isGood: wrong === 0 && good > 0 };
}

function isConductorKill({ fault }: CellResult): boolean {
  return fault.startsWith('conductor SIGKILL');
}

type Described = Pick<Fault | Phase, 'name' | 'what'>;

/** The page for `docs/`. */
export function pageOf(
  table: string,
  counts: readonly string[],
  faults: readonly Described[],
  phases: readonly Described[],
): string {
  const list = (all: readonly Described[]) =>
    all.map(({ name, what }) => `- **${name}**: ${what}`).join('\n');
  return `# Faults during a deploy

Written by \`npm run test:faults -- --write\` after a run in which no cell was wrong.

Each cell is a deploy of its own: a conductor in a process, a machine that runs the scripts of the
deploy ramdisk with a disk full of garbage, and one fault at one moment. A cell is right when

- the deploy ends active and the whole disk holds exactly the plan when the user's system starts, or
  it fails with the expected error and the disk does not boot;
- at no time a disk that is not whole would boot;
- after a kill of the conductor at most one window (64 MiB) is sent again, and after a power cut only
  what a comparison with the disk found missing. Bytes are counted on the wire, so what TCP repeats
  and what iSCSI adds is in them.

${table}

${counts.join('\\\n')}

## Faults

${list(faults)}

## Moments

${list(phases)}
`;
}
