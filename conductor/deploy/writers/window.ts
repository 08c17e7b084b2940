import type { Piece } from './pieces.ts';

/** Making a byte zero counts as little against the window as it costs to do again. */
const ZERO_BYTES_PER_UNIT = 16;

function cost(piece: Piece): number {
  return piece.source.kind === 'file' ? piece.lengthBytes : piece.lengthBytes / ZERO_BYTES_PER_UNIT;
}

type Started = Piece & { done: boolean };

/**
 * Keeps account of pieces between their start and their being on stable storage. Pieces start in
 * plan order and may end in any; the resume point is where the first one begins that is not
 * finished and flushed.
 */
export class Window {
  readonly #limit: number;
  /** Started pieces that are not flushed, in plan order; the first `#prefix` are finished. */
  #pending: Started[] = [];
  #prefix = 0;
  #prefixLoad = 0;
  #load = 0;
  #durableBytes: number;
  #doneBytes: number;
  #dataBytes = 0;

  /**
   * @param limit bytes that may be started and not flushed
   * @param durableBytes the position in the plan from which pieces start
   */
  constructor(limit: number, durableBytes: number) {
    this.#limit = limit;
    this.#durableBytes = durableBytes;
    this.#doneBytes = durableBytes;
  }

  get durableBytes(): number {
    return this.#durableBytes;
  }

  /** Bytes finished since the plan's start, flushed or not. */
  get doneBytes(): number {
    return this.#doneBytes;
  }

  /** Of those, bytes from files that this window has seen. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  /** Whether another piece has to wait for a flush. */
  get isFull(): boolean {
    return this.#load >= this.#limit;
  }

  /** Whether enough is finished that a flush is due. */
  get wantsFlush(): boolean {
    return this.#prefixLoad >= this.#limit / 2;
  }

  start(piece: Piece): Started {
    const started = { ...piece, done: false };
    this.#pending.push(started);
    this.#load += cost(piece);
    return started;
  }

  finish(piece: Started): void {
    piece.done = true;
    this.#doneBytes += piece.lengthBytes;
    if (piece.source.kind === 'file') this.#dataBytes += piece.lengthBytes;
    for (let next = this.#pending[this.#prefix]; next?.done; next = this.#pending[this.#prefix]) {
      this.#prefix += 1;
      this.#prefixLoad += cost(next);
    }
  }

  /** The pieces that a flush which begins now will cover; to be given to {@link flushed}. */
  flushable(): readonly Piece[] {
    return this.#pending.slice(0, this.#prefix);
  }

  flushed(pieces: readonly Piece[]): void {
    const last = pieces.at(-1);
    if (!last) return;
    this.#pending = this.#pending.slice(pieces.length);
    const load = pieces.reduce((sum, piece) => sum + cost(piece), 0);
    this.#load -= load;
    this.#prefix -= pieces.length;
    this.#prefixLoad -= load;
    this.#durableBytes = last.position + last.lengthBytes;
  }
}
