import { asksAsFirmware, atMs, isDhcp, isStart, type TimelineEntry } from '../timeline/entry.ts';
import type { UsualTimes } from '../timeline/history.ts';
import { phasesOf, type Phase } from '../timeline/phases.ts';
import { isTransfer, transfersOf, type Transfer } from '../timeline/transfers.ts';

/** All that an explanation rests on. */
export type BootStory = {
  readonly node: { readonly name: string; readonly powerState: string | null };
  readonly operation: {
    readonly verb: string;
    readonly status: string;
    readonly error: string | null;
  };
  /** The operation's entries and those of its machine meanwhile, oldest first. */
  readonly entries: readonly TimelineEntry[];
  /** Entries of no node, from before the operation on: unknown machines, other servers. */
  readonly strangers: readonly TimelineEntry[];
  readonly ports: readonly { readonly address: string; readonly pxeEnabled: boolean }[];
  /** Boot files that are not what they should be: role → what was found. */
  readonly badFiles: Readonly<Record<string, string>>;
  /** Whether the machine was seen booting from the network in an earlier operation. */
  readonly bootedBefore: boolean;
  readonly usual: UsualTimes;
  readonly nowMs: number;
};

/** A story with what the rules ask of it worked out. */
export type Boot = BootStory & {
  readonly phases: readonly Phase[];
  /** The code of the error that ended the operation; empty when none did. */
  readonly errorCode: string;
  /** What began the last start of the machine: power on, or the ramdisk's release. */
  readonly start: TimelineEntry | undefined;
  /** The entries since then. */
  readonly since: readonly TimelineEntry[];
  /** How far the machine came in its last start: the name of a stage, without `user_`. */
  readonly place: string;
  /** Whether it is on the way to its own system and not to the deploy ramdisk. */
  readonly isUserBoot: boolean;
  /** DHCP since the last transfer. */
  readonly talk: readonly TimelineEntry[];
  /** The transfers of the last start. */
  readonly transfers: readonly Transfer[];
  readonly lastTransfer: Transfer | undefined;
};

/** Works out what the rules ask for. Pure. */
export function readBoot(story: BootStory): Boot {
  const { operation } = story;
  const entries = upToFailure(story.entries);
  const phases = phasesOf(entries);
  const startAt = entries.findLastIndex(
    (entry) => isStart(entry) || entry.kind === 'ramdisk.released',
  );
  const since = startAt === -1 ? entries : entries.slice(startAt + 1);
  const transfers = transfersOf(since);
  const lastTransferAt = since.findLastIndex(isTransfer);
  const talk = since
    .slice(lastTransferAt + 1)
    .filter((entry) => isDhcp(entry) || entry.kind === 'dhcp.foreign');
  const stage = phases.at(-1)?.name ?? '';
  return {
    ...story,
    entries,
    phases,
    errorCode: /^([A-Z][A-Z0-9_]+): /.exec(operation.error ?? '')?.[1] ?? '',
    start: entries[startAt],
    since,
    place: placeOf(stage, talk),
    isUserBoot: stage.startsWith('user_') || stage === 'system',
    talk,
    transfers,
    lastTransfer: transfers.at(-1),
  };
}

/**
 * The entries up to the end, and without what the machine did while a failure was cleaned up: it
 * boots nothing then, asks again and again, and is answered so.
 */
function upToFailure(entries: readonly TimelineEntry[]): readonly TimelineEntry[] {
  const endedAt = entries.findIndex(({ kind }) => kind === 'operation.ended');
  const whole = endedAt === -1 ? entries : entries.slice(0, endedAt + 1);
  const failedAt = whole.findLastIndex(({ kind }) => kind === 'step.failed');
  const goesOn = whole.findLastIndex(({ kind }) => kind === 'step.started') > failedAt;
  if (failedAt === -1 || goesOn) return whole;
  return whole.filter(({ kind }, index) => index <= failedAt || kind === 'operation.ended');
}

/** A loader that asks by DHCP again (chain-loaded iPXE) is at DHCP again, not in its loader. */
function placeOf(stage: string, talk: readonly TimelineEntry[]): string {
  const name = stage.replace(/^user_/, '');
  return name === 'loader' && talk.some(asksAsFirmware) ? 'dhcp' : name;
}

/** For how long each stage may be silent before it counts as stuck, where nothing is known better. */
const PATIENCE_SECONDS: Readonly<Record<string, number>> = {
  prepare: 1800,
  power: 300,
  firmware: 600,
  dhcp: 60,
  loader: 60,
  kernel: 120,
  ramdisk: 120,
  ramdisk_boot: 300,
};

/** Whether nothing was heard for longer than is good; an ended operation is beyond waiting. */
export function isStuck(boot: Boot): boolean {
  if (boot.operation.status !== 'running') return true;
  const { name = '' } = boot.phases.at(-1) ?? {};
  const known = boot.usual.get(name);
  const usualMs = known === undefined ? 0 : known.medianMs * 3 + 60_000;
  const patienceMs = (PATIENCE_SECONDS[boot.place] ?? 600) * 1000;
  const last = boot.entries.at(-1);
  const quietMs = last === undefined ? 0 : boot.nowMs - atMs(last);
  return quietMs > Math.max(usualMs, known === undefined ? patienceMs : 0);
}
