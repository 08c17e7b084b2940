import type { TargetDisk } from '../plan/types.ts';
import { Notifier } from './notifier.ts';
import type { Piece } from './pieces.ts';
import type { Sources } from './sources.ts';
import { Window } from './window.ts';

export type PhaseParts = {
  readonly disk: TargetDisk;
  readonly sources: Sources;
  /** One per piece in flight; each piece fits in one, where the disk has no buffers of its own. */
  readonly buffers: readonly Buffer[];
  /** In plan order. */
  readonly pieces: Iterator<Piece>;
  readonly window: Window;
  readonly signal: AbortSignal;
  readonly onChange: () => void;
};

/**
 * Writes pieces, as many at once as there are buffers, and flushes behind them: while one half of
 * the window is flushed, the other is written. Ends when all is flushed, or at the first error
 * with no piece in flight any more.
 */
export async function runPhase(parts: PhaseParts): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const phase = new Phase(parts);
  const stop = () => phase.fail(parts.signal.reason);
  parts.signal.addEventListener('abort', stop);
  stack.defer(() => parts.signal.removeEventListener('abort', stop));
  if (parts.signal.aborted) stop();
  await Promise.all(parts.buffers.map((buffer) => phase.lane(buffer)));
  await phase.flushRest();
}

class Phase {
  readonly #parts: PhaseParts;
  readonly #room = new Notifier();
  #failure: { readonly reason: unknown } | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #isFlushing = false;

  constructor(parts: PhaseParts) {
    this.#parts = parts;
  }

  /** The first reason counts; lanes end before their next piece. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#room.notify();
  }

  /** Takes pieces one after the other until none is left or something failed. */
  async lane(buffer: Buffer): Promise<void> {
    const { window, pieces, onChange } = this.#parts;
    for (;;) {
      while (window.isFull && !this.#failure) await this.#room.next();
      const next = this.#failure ? undefined : pieces.next();
      if (!next || next.done) return;
      const started = window.start(next.value);
      try {
        await this.#put(next.value, buffer);
        window.finish(started);
      } catch (error) {
        this.fail(error);
      }
      onChange();
      this.#flushBehind();
    }
  }

  async #put(piece: Piece, buffer: Buffer): Promise<void> {
    const { disk, sources } = this.#parts;
    const { source, targetOffsetBytes, lengthBytes } = piece;
    if (source.kind === 'zero') return disk.zero(targetOffsetBytes, lengthBytes);
    if (disk.copy) return disk.copy(source, targetOffsetBytes, lengthBytes);
    if (disk.writeFrom)
      return disk.writeFrom(targetOffsetBytes, lengthBytes, (parts, at) =>
        sources.fill(source.path, source.offsetBytes + at, parts),
      );
    const bytes = buffer.subarray(0, lengthBytes);
    await sources.read(source.path, source.offsetBytes, bytes);
    return disk.write(targetOffsetBytes, bytes);
  }

  #flushBehind(): void {
    if (this.#isFlushing || !this.#parts.window.wantsFlush) return;
    this.#isFlushing = true;
    this.#flushing = this.#flushWhileDue();
  }

  async #flushWhileDue(): Promise<void> {
    try {
      while (this.#parts.window.wantsFlush && !this.#failure) await this.#flush();
    } catch (error) {
      this.fail(error);
    }
    this.#isFlushing = false;
  }

  async #flush(): Promise<void> {
    const { window, disk, onChange } = this.#parts;
    const covered = window.flushable();
    await disk.flush();
    window.flushed(covered);
    this.#room.notify();
    onChange();
  }

  /** After the last lane ended: everything that was written becomes durable, or the failure shows. */
  async flushRest(): Promise<void> {
    await this.#flushing;
    if (this.#failure) throw this.#failure.reason;
    await this.#flush();
  }
}
