import { open, type FileHandle } from 'node:fs/promises';
import { IronpxeError } from '../../errors/error.ts';
import type { DiskPlan, SourceFile } from '../plan/types.ts';

/** How far behind a file's end an extent may reach; what is there reads as zero. */
export const MAX_PADDING_BYTES = 4096;

/** The open files of a plan, checked against what they were when the plan was made. */
export class Sources implements AsyncDisposable {
  readonly #files = new Map<string, FileHandle>();
  readonly #identities = new Map<string, string>();
  readonly #expected: readonly SourceFile[];

  private constructor(expected: readonly SourceFile[]) {
    this.#expected = expected;
  }

  /** @throws IronpxeError WRITE_SOURCE_CHANGED */
  static async open(plan: DiskPlan): Promise<Sources> {
    const sources = new Sources(plan.sources ?? []);
    try {
      for (const { source } of [...plan.extents, ...plan.commit])
        if (source.kind === 'file') await sources.#open(source.path);
      await sources.check();
      return sources;
    } catch (error) {
      await sources[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #open(path: string): Promise<void> {
    if (this.#files.has(path)) return;
    const file = await open(path).catch((cause: unknown) => {
      throw changed(path, 'it cannot be opened', cause);
    });
    this.#files.set(path, file);
    const { dev, ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
    this.#identities.set(path, [dev, ino, size, mtimeNs, ctimeNs].join(' '));
  }

  /** What a file was when it was opened; another text once it, or its content, is another. */
  identityOf(path: string): string {
    const identity = this.#identities.get(path);
    if (identity === undefined) throw new Error(`"${path}" is not a source of this plan.`);
    return identity;
  }

  /** Compares size and time of each file with the plan's. @throws IronpxeError WRITE_SOURCE_CHANGED */
  async check(): Promise<void> {
    for (const { path, sizeBytes, modifiedAtMs } of this.#expected) {
      const found = await this.#files.get(path)?.stat();
      if (!found || (found.size === sizeBytes && found.mtimeMs === modifiedAtMs)) continue;
      const is = `it has ${found.size} bytes of ${found.mtime.toISOString()}`;
      const was = `${sizeBytes} bytes of ${new Date(modifiedAtMs).toISOString()}`;
      throw changed(path, `${is}, expected ${was}`);
    }
  }

  /** Fills `buffer` from a file; what is past its end becomes zero. */
  async read(path: string, offsetBytes: number, buffer: Buffer): Promise<void> {
    await this.fill(path, offsetBytes, [buffer]);
  }

  /** Fills `parts` one after the other from a run of a file; what is past its end becomes zero. */
  async fill(path: string, offsetBytes: number, parts: readonly Buffer[]): Promise<void> {
    const file = this.#files.get(path);
    if (!file) throw new Error(`"${path}" is not a source of this plan.`);
    let at = offsetBytes;
    for (let rest = parts; rest.length > 0;) {
      const { bytesRead } = await file.readv(rest, at);
      at += bytesRead;
      rest = behind(rest, bytesRead);
      if (bytesRead === 0) return pad(path, at, rest);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#files.values(), (file) => file.close()));
  }
}

/** What of `parts` is left behind their first bytes. */
function behind(parts: readonly Buffer[], bytes: number): readonly Buffer[] {
  let left = bytes;
  const first = parts.findIndex(({ length }) => {
    if (left < length) return true;
    left -= length;
    return false;
  });
  if (first === -1) return [];
  return parts.slice(first).map((part, index) => (index === 0 ? part.subarray(left) : part));
}

function pad(path: string, endBytes: number, rest: readonly Buffer[]): void {
  const restBytes = rest.reduce((sum, { length }) => sum + length, 0);
  if (restBytes >= MAX_PADDING_BYTES) throw changed(path, `it ends at byte ${endBytes}`);
  for (const part of rest) part.fill(0);
}

function changed(path: string, found: string, cause?: unknown): IronpxeError {
  const message = `"${path}" changed while a disk is written from it: ${found}.`;
  return new IronpxeError('WRITE_SOURCE_CHANGED', message, { cause });
}
