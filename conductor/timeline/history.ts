import type { TimelineEntry } from './entry.ts';
import { durationMs, phasesOf, type Phase } from './phases.ts';

/** How long each phase took in earlier boots: the medians, milliseconds. */
export type UsualTimes = ReadonlyMap<string, { readonly medianMs: number; readonly seen: number }>;

/** A phase is slow when it takes more than twice the usual time, and seconds more. */
const SLOW_TIMES = 2;
const SLOW_MS = 5000;

/** The medians over boots that ended well; each boot is the entries of one operation. */
export function usualTimes(boots: readonly (readonly TimelineEntry[])[]): UsualTimes {
  const times = new Map<string, number[]>();
  for (const phase of boots.flatMap((entries) => phasesOf(entries))) {
    const tookMs = durationMs(phase);
    if (tookMs === undefined || phase.status !== 'done' || phase.start > 2) continue;
    times.set(phase.name, [...(times.get(phase.name) ?? []), tookMs]);
  }
  return new Map(
    Array.from(times, ([name, all]) => [name, { medianMs: median(all), seen: all.length }]),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** Whether a phase takes unusually long; never where nothing is known to compare it with. */
export function isSlow(phase: Phase, usual: UsualTimes, nowMs: number): boolean {
  const known = usual.get(phase.name);
  const tookMs = durationMs(phase) ?? nowMs - phase.startedAtMs;
  return known !== undefined && tookMs > known.medianMs * SLOW_TIMES + SLOW_MS;
}
