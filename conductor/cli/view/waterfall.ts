import { formatBytes } from '../../values/units.ts';
import { cut, formatTable, printable } from './text.ts';

/** A phase as `GET …/timeline/phases` gives it. */
export type WirePhase = {
  readonly name: string;
  readonly title: string;
  readonly start: number;
  readonly status: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
  readonly usual_ms: number | null;
  readonly slow: boolean;
  readonly why: string | null;
  readonly parts: readonly { readonly name: string; readonly duration_ms: number }[];
  readonly transfers: readonly WireTransfer[];
};

/** A transfer within a phase. */
export type WireTransfer = {
  readonly file: string;
  readonly protocol: string;
  readonly status: string;
  readonly size_bytes: number | null;
  readonly bytes_per_second: number | null;
  readonly retries: number;
  readonly why: string | null;
};

/** What is transferred needs its place too on a terminal of the usual width. */
const BAR_WIDTHS = { wide: 32, narrow: 16 } as const;
const WIDE_COLUMNS = 120;
const SIGNS: Readonly<Record<string, string>> = {
  done: ' ',
  running: '▸',
  failed: '✗',
  unseen: '?',
};

/**
 * Phases as a waterfall: each with a bar where it lies in the whole, its time, the usual one, and
 * what was transferred in it. At most `columns` wide. Why one failed is told by {@link failureOf}.
 */
export function formatWaterfall(
  phases: readonly WirePhase[],
  nowMs: number,
  columns: number,
): string {
  const fromMs = Date.parse(phases[0]?.started_at ?? '');
  const ends = phases.map(({ ended_at: end }) => (end === null ? nowMs : Date.parse(end)));
  const spanMs = Math.max(1, Math.max(...ends) - fromMs);
  const width = columns < WIDE_COLUMNS ? BAR_WIDTHS.narrow : BAR_WIDTHS.wide;
  const rows = phases.map((phase, index) => [
    `${SIGNS[phase.status] ?? ' '} ${phase.title}`,
    bar(Date.parse(phase.started_at) - fromMs, (ends[index] ?? nowMs) - fromMs, spanMs, width),
    seconds((ends[index] ?? nowMs) - Date.parse(phase.started_at)),
    usual(phase),
    notes(phase),
  ]);
  return formatTable(rows)
    .trimEnd()
    .split('\n')
    .map((line) => `${cut(line, columns)}\n`)
    .join('');
}

/** How long all phases took together, and whether the last goes on. */
export function totalTime(phases: readonly WirePhase[], nowMs: number): string {
  const end = phases.at(-1)?.ended_at ?? null;
  const endMs = end === null ? nowMs : Date.parse(end);
  return seconds(endMs - Date.parse(phases[0]?.started_at ?? '')).trim();
}

/** Why a phase failed, in whole; empty where none did. */
export function failureOf(phases: readonly WirePhase[]): string {
  return printable(phases.find(({ why }) => why !== null)?.why ?? '');
}

function bar(startMs: number, endMs: number, spanMs: number, width: number): string {
  const from = Math.min(width - 1, Math.floor((width * startMs) / spanMs));
  const length = Math.max(1, Math.round((width * (endMs - startMs)) / spanMs));
  const to = Math.min(width, from + length);
  return `${'·'.repeat(from)}${'█'.repeat(to - from)}${'·'.repeat(width - to)}`;
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`.padStart(8);
}

function usual({ usual_ms: usualMs, slow }: WirePhase): string {
  if (usualMs === null) return '';
  return `${slow ? 'slow, ' : ''}usually ${(usualMs / 1000).toFixed(1)} s`;
}

function notes({ transfers, status, parts }: WirePhase): string {
  if (status === 'unseen') return 'no sign of it was seen; not every system asks by DHCP';
  const failed = transfers.filter(({ status }) => status === 'failed');
  const largest = transfers.toSorted((a, b) => (b.size_bytes ?? 0) - (a.size_bytes ?? 0))[0];
  return [
    ...parts.map(({ name, duration_ms: tookMs }) => `${name} ${seconds(tookMs).trim()}`),
    ...(largest?.status === 'done' ? [transferText(largest)] : []),
    ...(largest?.status === 'running'
      ? [`${largest.protocol} ${formatBytes(largest.size_bytes ?? 0)} …`]
      : []),
    ...(transfers.length > 1 ? [`${transfers.length} files`] : []),
    ...(failed.length > 0 ? [`${failed.length} not sent`] : []),
  ].join(', ');
}

function transferText(transfer: WireTransfer): string {
  const { protocol, size_bytes: size, bytes_per_second: rate, retries } = transfer;
  const again = retries > 0 ? `, sent again ${retries} times` : '';
  return `${protocol} ${formatBytes(size ?? 0)} at ${formatBytes(rate ?? 0)}/s${again}`;
}
