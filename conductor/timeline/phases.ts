import { atMs, beganMs, type TimelineEntry } from './entry.ts';
import { stageBegunBy, STAGES, USER_BOOT } from './stages.ts';
import { transfersOf, type Transfer } from './transfers.ts';

/** A stretch of one boot. They follow each other without gaps, so their durations add up. */
export type Phase = {
  readonly name: string;
  readonly title: string;
  readonly startedAtMs: number;
  /** `undefined` while it goes on. */
  readonly endedAtMs: number | undefined;
  /** `unseen`: see {@link withoutWaiting}. */
  readonly status: 'done' | 'running' | 'failed' | 'unseen';
  /** Which start of the machine this is, from 1. */
  readonly start: number;
  readonly transfers: readonly Transfer[];
  /** Parts of it that the ramdisk told of, in their order, with how long each took. */
  readonly parts: readonly Part[];
  /** Why it failed. */
  readonly why?: string;
};

/** A part of a phase, as the ramdisk names it. */
export type Part = { readonly name: string; readonly tookMs: number };

/** How the operation ended, if it did. */
type End = { readonly atMs: number; readonly failed: boolean; readonly why: string };

/**
 * Cuts one operation's entries into phases. Of what came after its end only the first sign of the
 * machine's own system counts. Pure; entries in order.
 */
export function phasesOf(entries: readonly TimelineEntry[]): readonly Phase[] {
  const ended = entries.find(({ kind }) => kind === 'operation.ended');
  const end = ended && endOf(ended);
  const opened: Open[] = [];
  for (const entry of entries) {
    if (end?.failed === true && atMs(entry) > end.atMs) break;
    const last = opened.at(-1);
    if (last !== undefined && entry.kind === 'ramdisk.callback') last.parts = partsOf(entry);
    // One entry may begin two: an HTTP transfer is told of at its end only.
    for (let last = opened.at(-1), next = open(entry, last); next; next = open(entry, last)) {
      opened.push(next);
      last = next;
    }
  }
  return closed(opened, end, transfersOf(entries));
}

/** The phase that an entry begins after `last`. */
function open(entry: TimelineEntry, last: Open | undefined): Open | undefined {
  const { stage: current = -1, start = 1, startedAtMs: earliestMs = 0 } = last ?? {};
  const stage = stageBegunBy(entry, current);
  if (stage === undefined) return undefined;
  const begun = STAGES[stage]?.afterTransfer === true ? atMs(entry) : beganMs(entry);
  const isNewStart = stage <= current || stage === USER_BOOT;
  return {
    stage,
    startedAtMs: Math.max(earliestMs, begun),
    start: isNewStart ? start + 1 : start,
  };
}

type Open = {
  readonly stage: number;
  readonly startedAtMs: number;
  readonly start: number;
  parts?: readonly Part[];
};

/** The stages of a ramdisk as it reached them, each from the one before. */
function partsOf({ data }: TimelineEntry): readonly Part[] {
  const { stages } = data;
  const reached = typeof stages === 'object' && stages !== null ? Object.entries(stages) : [];
  const known = reached
    .flatMap(([name, seconds]) =>
      typeof seconds === 'number' && PARTS.has(name) ? [{ name, seconds }] : [],
    )
    .toSorted((a, b) => a.seconds - b.seconds);
  return known.map(({ name, seconds }, index) => {
    const since = known[index - 1]?.seconds ?? 0;
    return { name: PARTS.get(name) ?? name, tookMs: Math.round((seconds - since) * 1000) };
  });
}

/** Stages of the ramdisk (deploy-ramdisk/PROTOCOL.md §8) → what was done until then. */
const PARTS: ReadonlyMap<string, string> = new Map([
  ['start', 'kernel'],
  ['modules', 'drivers'],
  ['network', 'network'],
  ['disk', 'disk'],
]);

function closed(
  opened: readonly Open[],
  end: End | undefined,
  transfers: readonly Transfer[],
): readonly Phase[] {
  return opened.flatMap(({ stage, startedAtMs, start, parts = [] }, index) => {
    const { name = '', title = '' } = STAGES[stage] ?? {};
    const next = opened[index + 1]?.startedAtMs;
    const isPoint = name === 'seen';
    const isLast = next === undefined;
    const failed = isLast && end?.failed === true;
    // Whether a system starts well is not ours to see: without a sign the phase stays open.
    const endsWithOperation = isLast && name !== 'system' ? end?.atMs : undefined;
    const endedAtMs = next ?? (isPoint ? startedAtMs : endsWithOperation);
    const phase: Phase = {
      name,
      title,
      startedAtMs,
      endedAtMs,
      status: failed ? 'failed' : endedAtMs === undefined ? 'running' : 'done',
      start,
      transfers: transfers.filter(
        ({ startedAtMs: begun }) => begun >= startedAtMs && begun < (next ?? Infinity),
      ),
      parts,
      ...(failed && { why: end.why }),
    };
    return [phase];
  });
}

function endOf(entry: TimelineEntry): End {
  const failed = entry.data['status'] !== 'done';
  return { atMs: atMs(entry), failed, why: entry.message };
}

/** How long a phase took; `undefined` while it goes on. */
export function durationMs({ startedAtMs, endedAtMs }: Phase): number | undefined {
  return endedAtMs === undefined ? undefined : Math.max(0, endedAtMs - startedAtMs);
}

/** For how long a sign of a machine's own system is waited for; many never ask by DHCP. */
const SIGN_WITHIN_MS = 10 * 60_000;

/**
 * The phases of an operation that is over, without one that goes on for ever: a system of which
 * nothing was heard in time is `unseen`, and takes no time.
 */
export function withoutWaiting(phases: readonly Phase[], nowMs: number): readonly Phase[] {
  return phases.map((phase) =>
    phase.status === 'running' && nowMs - phase.startedAtMs > SIGN_WITHIN_MS
      ? { ...phase, status: 'unseen', endedAtMs: phase.startedAtMs }
      : phase,
  );
}
