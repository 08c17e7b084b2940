import { formatBytes } from '../conductor/values/units.ts';

/** How far a write is. */
export type Progress = {
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly elapsedMs: number;
};

const BAR_WIDTH = 24;

/** One line: bar, percent, bytes, rate, elapsed and remaining time. */
export function progressLine({ doneBytes, totalBytes, elapsedMs }: Progress): string {
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const rate = elapsedMs > 0 ? (doneBytes * 1000) / elapsedMs : 0;
  const remaining = rate > 0 ? formatSeconds(((totalBytes - doneBytes) * 1000) / rate) : '?';
  const percent = `${(share * 100).toFixed(1).padStart(5)} %`;
  const bytes = `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
  const times = `${formatSeconds(elapsedMs)} elapsed, ${remaining} remaining`;
  return `${bar} ${percent}  ${bytes}  ${formatBytes(rate)}/s  ${times}`;
}

/** Milliseconds for people: `0.4 s`, `12.3 s`, `2 min 05 s`. */
export function formatSeconds(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
