import { MIB } from '../../values/units.ts';
import type { Clock } from './clock.ts';
import { TokenBucket } from './tokenBucket.ts';

/** What may pass at once after a pause; more would be a burst that others on the network feel. */
const DEPTH_BYTES = MIB / 4;

/** Part of a link that one write has. */
export type Share = {
  /**
   * Resolves when so many bytes may be sent.
   * @throws the reason of `signal`
   */
  take(bytes: number, signal: AbortSignal): Promise<void>;
};

type Waiting = { readonly bytes: number; readonly enter: () => void };
type Member = { waiting: readonly Waiting[]; servedBytes: number };

/**
 * A network with a rate that its writes have together. Who waits and has had the least is served
 * next, whatever the size of its pieces and however many of them it asks for at once. A write that
 * asks for little, because its machine is slow, leaves its share to the others.
 */
export class Link {
  readonly #bucket: TokenBucket;
  readonly #clock: Clock;
  readonly #members = new Set<Member>();
  /** What the member served last had had: the point from which idle ones start again. */
  #levelBytes = 0;
  #isTimerSet = false;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#clock = clock;
    this.#bucket = new TokenBucket(bytesPerSecond, DEPTH_BYTES, clock.nowMs());
  }

  /** A share for one more write. */
  join(): Share {
    const member: Member = { waiting: [], servedBytes: 0 };
    return { take: (bytes, signal) => this.#take(member, bytes, signal) };
  }

  async #take(member: Member, bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { bytes, enter: resolve };
    const leave = () => {
      this.#setWaiting(
        member,
        member.waiting.filter((one) => one !== waiting),
      );
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    // Whoever asked for nothing for a while must not have it all afterwards.
    if (member.waiting.length === 0)
      member.servedBytes = Math.max(member.servedBytes, this.#levelBytes);
    this.#setWaiting(member, [...member.waiting, waiting]);
    this.#serve();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #setWaiting(member: Member, waiting: readonly Waiting[]): void {
    member.waiting = waiting;
    if (waiting.length > 0) this.#members.add(member);
    else this.#members.delete(member);
  }

  #serve(): void {
    if (this.#isTimerSet) return;
    for (let next = this.#next(); next; next = this.#next()) {
      const waitMs = this.#bucket.waitMs(this.#clock.nowMs());
      if (waitMs > 0) return this.#serveAfter(waitMs);
      this.#admit(next);
    }
  }

  #serveAfter(waitMs: number): void {
    this.#isTimerSet = true;
    this.#clock.after(waitMs, () => {
      this.#isTimerSet = false;
      this.#serve();
    });
  }

  #next(): Member | undefined {
    let least: Member | undefined;
    for (const member of this.#members)
      if (!least || member.servedBytes < least.servedBytes) least = member;
    return least;
  }

  #admit(member: Member): void {
    const [first, ...rest] = member.waiting;
    if (!first) return;
    this.#levelBytes = member.servedBytes;
    this.#setWaiting(member, rest);
    member.servedBytes += first.bytes;
    this.#bucket.take(first.bytes, this.#clock.nowMs());
    first.enter();
  }
}
