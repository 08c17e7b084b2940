import { formatBytes } from '../../conductor/values/units.ts';
import type { CellResult } from './cell.ts';

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
  const lines = all.map((row) => row.map((text, column) => text.padEnd(widths[column] ?? 0)));
  return lines.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cellText(result: CellResult | undefined): string {
  if (result === undefined) return '-';
  return `${result.problems.length > 0 ? 'WRONG ' : ''}${result.ended}`;
}

/** One line of what a cell came to. */
export function lineOf({ fault, phase, ended, problems, ...numbers }: CellResult): string {
  const { seconds, againBytes, missingBytes } = numbers;
  const mark = problems.length === 0 ? 'ok   ' : 'WRONG';
  const missing = missingBytes === undefined ? '' : `, ${formatBytes(missingBytes)} were missing`;
  const bytes = `${formatBytes(againBytes)} besides the plan's${missing}`;
  return `${mark} ${fault} × ${phase}: ${ended} (${seconds.toFixed(0)} s; ${bytes})`;
}
