import { formatBytes } from '../../values/units.ts';
import { cut, formatClock } from './text.ts';

/** How far a transfer is, as `write.progress` and `image.progress` report it. */
export type Progress = {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** What really went over the wire; less than done where the image is sparse. */
  readonly sentBytes: number | undefined;
  readonly bytesPerSecond: number;
  readonly elapsedSeconds: number;
};

const BAR_WIDTH = 24;

/** Reads the data of a progress event; `undefined` when it tells no amount. */
export function readProgress(
  data: Readonly<Record<string, unknown>>,
  elapsedSeconds: number,
): Progress | undefined {
  const doneBytes = amount(data.done_bytes);
  const totalBytes = amount(data.total_bytes);
  if (doneBytes === undefined || totalBytes === undefined || totalBytes === 0) return undefined;
  const measured = elapsedSeconds > 0 ? doneBytes / elapsedSeconds : 0;
  return {
    doneBytes,
    totalBytes,
    sentBytes: amount(data.sent_bytes),
    bytesPerSecond: amount(data.rate_bytes_per_second) ?? measured,
    elapsedSeconds,
  };
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Percent done, rounded down, so that 100 means the end. */
export function percent(progress: Progress): number {
  return Math.min(100, Math.floor((100 * progress.doneBytes) / progress.totalBytes));
}

/** One line: bar, percent, bytes, rate, elapsed and remaining time; at most `columns` wide. */
export function formatBar(progress: Progress, columns: number): string {
  const filled = Math.round((BAR_WIDTH * percent(progress)) / 100);
  const bar = `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}]`;
  return cut(`  ${bar} ${formatAmounts(progress)}`, columns);
}

/** The same without the bar, for logs: ` 40 %  1.2 GiB of 3.0 GiB  85 MiB/s  0:14 elapsed  0:21 left`. */
export function formatAmounts(progress: Progress): string {
  const { doneBytes, totalBytes, sentBytes, bytesPerSecond, elapsedSeconds } = progress;
  const leftSeconds = bytesPerSecond > 0 ? (totalBytes - doneBytes) / bytesPerSecond : undefined;
  return [
    `${String(percent(progress)).padStart(3)} %`,
    `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
    `${formatBytes(bytesPerSecond)}/s`,
    `${formatClock(elapsedSeconds)} elapsed`,
    ...(leftSeconds === undefined ? [] : [`${formatClock(leftSeconds)} left`]),
    ...(sentBytes === undefined ? [] : [`${formatBytes(sentBytes)} sent`]),
  ].join('  ');
}
