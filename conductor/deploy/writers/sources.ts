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
    const file = this.#files.get(path);
    if (!file) throw new Error(`"${path}" is not a source of this plan.`);
    for (let done = 0; done < buffer.length;) {
      const { bytesRead } = await file.read(buffer, done, buffer.length - done, offsetBytes + done);
      if (bytesRead === 0) return pad(path, offsetBytes + done, buffer.subarray(done));
      done += bytesRead;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#files.values(), (file) => file.close()));
  }
}

function pad(path: string, endBytes: number, rest: Buffer): void {
  if (rest.length >= MAX_PADDING_BYTES) throw changed(path, `it ends at byte ${endBytes}`);
  rest.fill(0);
}

function changed(path: string, found: string, cause?: unknown): IronpxeError {
  const message = `"${path}" changed while a disk is written from it: ${found}.`;
  return new IronpxeError('WRITE_SOURCE_CHANGED', message, { cause });
}
