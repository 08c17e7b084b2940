import { hasCode, IronpxeError } from '../../errors/error.ts';
import { MIB } from '../../values/units.ts';
import type { DiskPlan, Extent, TargetDisk, WriteProgress } from '../plan/types.ts';
import { Notifier } from './notifier.ts';
import { runPhase } from './phase.ts';
import { piecesOf, totalBytes } from './pieces.ts';
import type { Sources } from './sources.ts';
import { Window } from './window.ts';

export type WriteOptions = {
  /** `durableBytes` of an earlier run with the same plan; 0 by default. */
  readonly resumeFromBytes?: number | undefined;
  /** Bytes being read or written at once, and thereby the writer's memory; 8 MiB by default. */
  readonly inFlightBytes?: number;
  /** The length of one write; 1 MiB by default. */
  readonly chunkBytes?: number;
  /** At most this much is written again after a loss; 64 MiB by default. */
  readonly flushEveryBytes?: number;
  readonly signal?: AbortSignal | undefined;
};

const ZERO_CHUNK_BYTES = 16 * MIB;
const MAX_LOSSES_WITHOUT_PROGRESS = 5;

type Section = {
  readonly extents: readonly Extent[];
  readonly start: number;
  readonly end: number;
  readonly isCommit: boolean;
};

/** The parts of a plan between which a flush stands. */
function sectionsOf(plan: DiskPlan): readonly Section[] {
  const firstFile = plan.extents.findIndex((extent) => extent.source.kind === 'file');
  const wipes = firstFile === -1 ? plan.extents.length : firstFile;
  const commits = plan.commit.map((extent) => [extent]);
  let start = 0;
  return [plan.extents.slice(0, wipes), plan.extents.slice(wipes), ...commits].map(
    (extents, index) => {
      const section = { extents, start, end: start + totalBytes(extents), isCommit: index > 1 };
      start = section.end;
      return section;
    },
  );
}

/** The state of one write: where it is, and how it goes on after a loss. */
export class PlanWriter {
  /** Tells when {@link progress} has something new. */
  readonly changes = new Notifier();
  readonly #disk: TargetDisk;
  readonly #sources: Sources;
  readonly #options: WriteOptions & { readonly signal: AbortSignal };
  readonly #sizes: { readonly chunkBytes: number; readonly zeroChunkBytes: number };
  readonly #buffers: readonly Buffer[];
  readonly #sections: readonly Section[];
  readonly #all: readonly Extent[];
  readonly #totalDataBytes: number;
  #window: Window;
  /** Bytes from files before the point at which the window began. */
  #earlierDataBytes = 0;

  constructor(
    plan: DiskPlan,
    disk: TargetDisk,
    sources: Sources,
    options: WriteOptions & { readonly signal: AbortSignal },
  ) {
    const { inFlightBytes = 8 * MIB, chunkBytes = MIB } = options;
    this.#disk = disk;
    this.#sources = sources;
    this.#options = options;
    this.#sizes = { chunkBytes, zeroChunkBytes: ZERO_CHUNK_BYTES };
    this.#sections = sectionsOf(plan);
    const lanes = this.#lanesFor(Math.max(1, Math.floor(inFlightBytes / chunkBytes)));
    const bufferBytes = disk.copy || disk.writeFrom ? 0 : chunkBytes;
    this.#buffers = Array.from({ length: lanes }, () => Buffer.allocUnsafeSlow(bufferBytes));
    this.#all = [...plan.extents, ...plan.commit];
    this.#totalDataBytes = dataBytesBefore(this.#all, Infinity);
    this.#window = this.#openWindow(options.resumeFromBytes ?? 0);
  }

  /** As many as there are pieces to be written at once; a partition table is one piece. */
  #lanesFor(most: number): number {
    const needed = this.#sections.map(
      ({ extents }) => piecesOf(extents, this.#sizes, 0, 0).take(most).toArray().length,
    );
    return Math.max(1, ...needed);
  }

  /** How far it is right now. */
  progress(): WriteProgress {
    return {
      dataBytes: this.#earlierDataBytes + this.#window.dataBytes,
      totalDataBytes: this.#totalDataBytes,
      doneBytes: this.#window.doneBytes,
      totalBytes: this.#sections.at(-1)?.end ?? 0,
      durableBytes: this.#window.durableBytes,
    };
  }

  /** Writes what is left. @throws IronpxeError WRITE_NO_PROGRESS, and what the disk throws */
  async writeAll(): Promise<void> {
    for (let losses = 1; ; losses++) {
      const before = this.#window.durableBytes;
      const error = await this.#writeRest().then(
        () => undefined,
        (reason: unknown) => ({ reason }),
      );
      if (!error) return;
      if (!hasCode(error.reason, 'ISCSI_SESSION_LOST_BEFORE_FLUSH')) throw error.reason;
      if (this.#window.durableBytes > before) losses = 1;
      if (losses >= MAX_LOSSES_WITHOUT_PROGRESS) throw noProgress(before, error.reason);
    }
  }

  async #writeRest(): Promise<void> {
    const from = this.#window.durableBytes;
    for (const section of this.#sections) {
      if (section.end <= from) continue;
      if (section.isCommit) await this.#sources.check();
      await this.#writeSection(section, Math.max(from, section.start));
    }
  }

  async #writeSection(section: Section, from: number): Promise<void> {
    this.#window = this.#openWindow(from);
    await runPhase({
      disk: this.#disk,
      sources: this.#sources,
      buffers: this.#buffers,
      pieces: piecesOf(section.extents, this.#sizes, section.start, from),
      window: this.#window,
      signal: this.#options.signal,
      onChange: () => this.changes.notify(),
    });
  }

  #openWindow(from: number): Window {
    this.#earlierDataBytes = dataBytesBefore(this.#all, from);
    return new Window(this.#options.flushEveryBytes ?? 64 * MIB, from);
  }
}

/** Bytes from files among the first `end` bytes of a plan. */
function dataBytesBefore(extents: readonly Extent[], end: number): number {
  let position = 0;
  let sum = 0;
  for (const { source, lengthBytes } of extents) {
    const counted = Math.max(0, Math.min(lengthBytes, end - position));
    if (source.kind === 'file') sum += counted;
    position += lengthBytes;
  }
  return sum;
}

function noProgress(durableBytes: number, cause: IronpxeError): IronpxeError {
  const message =
    `The session was lost ${MAX_LOSSES_WITHOUT_PROGRESS} times while nothing behind byte ` +
    `${durableBytes} of the plan could be stored: ${cause.message}`;
  return new IronpxeError('WRITE_NO_PROGRESS', message, { cause });
}
