import { atMs, beganMs, numberOf, textOf, type TimelineEntry } from './entry.ts';

/** What a machine fetches, by its place in a boot. */
export type FileRole = 'loader' | 'deploy_kernel' | 'deploy_ramdisk' | 'kernel' | 'ramdisk';

/** One transfer of a boot file. */
export type Transfer = {
  readonly file: string;
  readonly role: FileRole;
  readonly protocol: 'tftp' | 'http';
  readonly startedAtMs: number;
  /** `undefined` while it runs. */
  readonly endedAtMs: number | undefined;
  readonly status: 'running' | 'done' | 'failed';
  readonly sizeBytes: number | undefined;
  readonly bytesPerSecond: number | undefined;
  readonly blksize: number | undefined;
  readonly windowsize: number | undefined;
  /** Times that the server had to send again; TFTP only. */
  readonly retries: number;
  /** Why it failed. */
  readonly why: string | undefined;
  /** The id of the entry that tells its end, or its begin while it runs. */
  readonly entryId: number;
};

/** The role of a file by its name in the boot tree. */
export function roleOf(file: string): FileRole {
  const [, name] =
    /[0-9a-f-]{36}\/(deploy_kernel|deploy_ramdisk|kernel|ramdisk)$/i.exec(file) ?? [];
  return (name as FileRole | undefined) ?? 'loader';
}

/** Whether an entry tells of a transfer. */
export function isTransfer({ kind }: TimelineEntry): boolean {
  return /^(?:tftp|http)\./.test(kind);
}

/** The transfers that entries tell of, in the order of their begins. */
export function transfersOf(entries: readonly TimelineEntry[]): readonly Transfer[] {
  const found: Transfer[] = [];
  for (const entry of entries.filter(isTransfer)) {
    const running = found.findIndex(
      ({ status, file }) => status === 'running' && file === textOf(entry, 'file'),
    );
    const begun = found[running];
    if (begun === undefined) found.push(toTransfer(entry, beganMs(entry)));
    else if (entry.kind !== 'tftp.started') found[running] = toTransfer(entry, begun.startedAtMs);
  }
  return found.toSorted((a, b) => a.startedAtMs - b.startedAtMs);
}

function toTransfer(entry: TimelineEntry, startedAtMs: number): Transfer {
  const [protocol, how] = entry.kind.split('.');
  const file = textOf(entry, 'file');
  const status = how === 'started' ? 'running' : how === 'done' ? 'done' : 'failed';
  return {
    file,
    role: roleOf(file),
    protocol: protocol === 'http' ? 'http' : 'tftp',
    startedAtMs,
    endedAtMs: status === 'running' ? undefined : atMs(entry),
    status,
    sizeBytes: numberOf(entry, 'size_bytes'),
    bytesPerSecond: numberOf(entry, 'bytes_per_second'),
    blksize: numberOf(entry, 'blksize'),
    windowsize: numberOf(entry, 'windowsize'),
    retries: numberOf(entry, 'retries') ?? 0,
    why: status === 'failed' ? textOf(entry, 'why') || entry.message : undefined,
    entryId: entry.id,
  };
}
