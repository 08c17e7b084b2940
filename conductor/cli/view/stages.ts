import { readProgress } from './bar.ts';
import { openLiveBar, type Screen } from './liveBar.ts';
import { formatClock, printable } from './text.ts';

/** An event of a node's timeline, as far as it is shown. */
export type ShownEvent = {
  /** ISO 8601. */
  readonly at: string;
  readonly kind: string;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** Shows stages as they happen. */
export type StageView = {
  readonly show: (event: ShownEvent) => void;
  /** Takes the bar away; call it before writing anything else. */
  readonly end: () => void;
};

/** Events that say nothing to someone who waits for the end. */
const QUIET = new Set(['dhcp.discover', 'dhcp.inform', 'tftp.started', 'node.updated']);

/** What a progress event shows the progress of. */
const PROGRESS_NAMES: Readonly<Record<string, string>> = {
  'write.progress': 'writing the disk',
  'image.progress': 'preparing the image',
};

/** The sign in front of a line: begun, done well, failed, or just a fact. */
export function sign(kind: string): string {
  if (/\.(failed|error|nak|lost|decline)$/.test(kind)) return '✗';
  if (/\.(done|ack|released|connected|callback)$/.test(kind)) return '✓';
  return kind.endsWith('.started') ? '▸' : '·';
}

/**
 * A view that writes one line per stage, with minutes and seconds since the first, and a bar for
 * what is under way.
 */
export function openStageView(screen: Screen): StageView {
  const bar = openLiveBar(screen);
  let firstAtMs: number | undefined;
  let moving = { kind: '', sinceMs: 0 };
  let failure = '';

  const clock = (atMs: number): string => {
    firstAtMs ??= atMs;
    return formatClock((atMs - firstAtMs) / 1000).padStart(7);
  };
  const showProgress = (event: ShownEvent, name: string, atMs: number): void => {
    if (moving.kind !== event.kind) moving = { kind: event.kind, sinceMs: atMs };
    const progress = readProgress(event.data, (atMs - moving.sinceMs) / 1000);
    if (progress !== undefined) bar.update(name, progress, `${clock(atMs)}  · `);
  };
  return {
    show(event) {
      const atMs = Date.parse(event.at);
      const name = PROGRESS_NAMES[event.kind];
      if (name !== undefined) return showProgress(event, name, atMs);
      if (QUIET.has(event.kind)) return;
      // The end of a failed operation says once more why its step failed.
      if (event.kind === 'operation.ended' && event.message === failure) return;
      if (event.kind === 'step.failed') failure = event.message;
      if (event.kind.startsWith('step.') || event.kind === 'write.done') bar.hide();
      bar.line(`${clock(atMs)}  ${sign(event.kind)} ${printable(event.message)}`);
    },
    end: bar.hide,
  };
}
