import type { TimelineEntry } from './deploy.ts';
import { formatSeconds, progressLine } from './progress.ts';

/** What came of a deploy, for the summary. */
export type DeployResult = {
  readonly node: string;
  /** Title and duration of each step, in order. */
  readonly stages: readonly { readonly title: string; readonly durationMs: number }[];
  readonly sentBytes: number;
  /** From the node's first power-on to its login prompt; `undefined` when none was seen. */
  readonly powerOnToLoginMs: number | undefined;
};

/** Reads a node's timeline as it comes and makes lines for people and numbers of it. */
export type Story = {
  /** A line that stays, and the live line of the moment; both may be missing. */
  take(entry: TimelineEntry): { readonly line?: string; readonly live?: string };
  result(loginAtMs: number | undefined): DeployResult;
};

// The steps tell these; saying them twice would only make noise.
const UNTOLD = ['step.done', 'state.changed', 'dhcp.discover', 'dhcp.offer', 'tftp.started'];

/** The story of one node's deploy. */
export function createStory(node: string): Story {
  const stages: { title: string; durationMs: number }[] = [];
  let sentBytes = 0;
  let writeStartedAtMs: number | undefined;
  let poweredAtMs: number | undefined;
  return {
    take(entry) {
      const atMs = Date.parse(entry.at);
      const { kind, message, data } = entry;
      if (kind === 'power.changed' && data['target'] !== 'power off') poweredAtMs ??= atMs;
      if (kind === 'step.done')
        stages.push({ title: message, durationMs: Number(data['duration_ms'] ?? 0) });
      if (kind === 'write.done') sentBytes += Number(data['sent_bytes'] ?? 0);
      if (kind === 'write.progress') {
        writeStartedAtMs ??= atMs - elapsedSoFarMs(data);
        return { live: progressLine(progressOf(data, atMs - writeStartedAtMs)) };
      }
      if (UNTOLD.includes(kind)) return {};
      return { line: kind === 'step.started' ? `${message} …` : message };
    },
    result: (loginAtMs) => ({
      node,
      stages,
      sentBytes,
      powerOnToLoginMs:
        loginAtMs === undefined || poweredAtMs === undefined ? undefined : loginAtMs - poweredAtMs,
    }),
  };
}

type Data = Readonly<Record<string, unknown>>;

/** The first report of a write comes after it went on for a while; the rate tells for how long. */
function elapsedSoFarMs(data: Data): number {
  const rate = Number(data['rate_bytes_per_second'] ?? 0);
  return rate > 0 ? (Number(data['sent_bytes'] ?? 0) * 1000) / rate : 0;
}

function progressOf(data: Data, elapsedMs: number) {
  return {
    doneBytes: Number(data['done_bytes'] ?? 0),
    totalBytes: Number(data['total_bytes'] ?? 0),
    elapsedMs,
  };
}

/** The seconds of each stage as a table. */
export function stageTable({ stages }: DeployResult): readonly string[] {
  const width = Math.max(0, ...stages.map(({ title }) => title.length));
  return stages.map(
    ({ title, durationMs }) => `${title.padEnd(width)}  ${formatSeconds(durationMs).padStart(10)}`,
  );
}
