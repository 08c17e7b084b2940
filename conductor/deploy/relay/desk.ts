import type { Config } from '../../config/schema.ts';

/** A machine that holds an image, verified, and waits in its ramdisk to hand it on. */
export type Feeder = {
  readonly nodeUuid: string;
  readonly address: string;
  /** Lets whoever knows `word` fetch from its disk once. @throws IronpxeError RAMDISK_* */
  readonly admit: (word: string, signal: AbortSignal) => Promise<void>;
};

/** A place at a feeder; disposing it gives the place back. */
export type Place = Disposable & {
  readonly feeder: Feeder;
  /** Aborts when the machine must not be asked any more. */
  readonly signal: AbortSignal;
  /** It does not feed as it should: nobody else is sent there. */
  drop(): void;
};

export type RelayOptions = {
  /** How many machines one feeds at a time. */
  readonly fanOut: number;
  /** How long a machine waits for one that feeds it. */
  readonly waitMs: number;
  /** How long a machine feeds others before it goes its way, whoever waits. */
  readonly holdMs: number;
};

type Entry = {
  readonly feeder: Feeder;
  readonly gone: AbortController;
  /** How many it feeds now. */
  fed: number;
  isDropped: boolean;
};

/** Those who want, or have, the same bytes at the same places. */
type Group = {
  /** Members that have them soon, and then feed. */
  readonly coming: Set<string>;
  readonly feeders: Map<string, Entry>;
  /** Settles the wait of each, in the order in which they came. */
  readonly waiting: Set<(place?: Place) => void>;
};

function isBusy({ coming, feeders }: Group): boolean {
  return coming.size + feeders.size > 0;
}

/**
 * Decides which machine is fed by which. The first one that wants some content gets it from the
 * conductor; while it or others have it soon, all further ones wait for a place at one that has it.
 * Whoever would wait for nobody is the next to go directly. Members are operations, by their UUID.
 */
export class RelayDesk {
  readonly #options: RelayOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Whether `find` would have to wait. */
  mustWait(content: string): boolean {
    const group = this.#groups.get(content);
    return group !== undefined && isBusy(group) && this.#freest(group) === undefined;
  }

  /**
   * The machine to fetch `content` from; `undefined` for a member that gets it from the conductor.
   * @throws the reason of `signal`
   */
  async find(member: string, content: string, signal: AbortSignal): Promise<Place | undefined> {
    signal.throwIfAborted();
    const group = this.#groupOf(content);
    group.coming.delete(member);
    const { promise, resolve, reject } = Promise.withResolvers<Place | undefined>();
    const settle = (place?: Place) => {
      group.waiting.delete(settle);
      group.coming.add(member);
      resolve(place);
    };
    const abort = () => {
      group.waiting.delete(settle);
      this.#serve(content, group);
      reject(signal.reason);
    };
    const deadline = setTimeout(settle, this.#options.waitMs);
    signal.addEventListener('abort', abort, { once: true });
    group.waiting.add(settle);
    this.#serve(content, group);
    try {
      return await promise;
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Feeds others until nobody of them is left, for `holdMs` at most, or until it is dropped.
   * @throws the reason of `signal`
   */
  async offer(member: string, content: string, feeder: Feeder, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const group = this.#groupOf(content);
    const gone = new AbortController();
    const { promise: left, resolve } = Promise.withResolvers<void>();
    gone.signal.addEventListener('abort', () => resolve(), { once: true });
    group.coming.delete(member);
    group.feeders.set(member, { feeder, gone, fed: 0, isDropped: false });
    const deadline = setTimeout(() => this.leave(member), this.#options.holdMs);
    const leave = () => this.leave(member);
    signal.addEventListener('abort', leave, { once: true });
    this.#serve(content, group);
    await left;
    clearTimeout(deadline);
    signal.removeEventListener('abort', leave);
    signal.throwIfAborted();
  }

  /** Whether somebody waits for this content, so that it is worth to stay. */
  isWanted(content: string): boolean {
    return (this.#groups.get(content)?.waiting.size ?? 0) > 0;
  }

  /** The member neither has nor gets anything that it could hand on. */
  leave(member: string): void {
    for (const [content, group] of this.#groups) {
      const entry = group.feeders.get(member);
      group.feeders.delete(member);
      if (!group.coming.delete(member) && !entry) continue;
      entry?.gone.abort(new Error('The machine that feeds has left.'));
      this.#serve(content, group);
    }
  }

  /** Gives places to those who wait, in their order. */
  #serve(content: string, group: Group): void {
    this.#letGo(group);
    for (const settle of group.waiting) {
      const entry = this.#freest(group);
      if (!entry && isBusy(group)) break;
      settle(entry && this.#placeAt(content, group, entry));
    }
    this.#letGo(group);
    const isOver = !isBusy(group) && group.waiting.size === 0;
    if (isOver && this.#groups.get(content) === group) this.#groups.delete(content);
  }

  #letGo({ feeders, waiting }: Group): void {
    for (const [member, { fed, isDropped, gone }] of feeders) {
      if (fed > 0 || (waiting.size > 0 && !isDropped)) continue;
      feeders.delete(member);
      gone.abort(new Error('Nobody needs this machine to feed.'));
    }
  }

  #freest(group: Group): Entry | undefined {
    let best: Entry | undefined;
    for (const entry of group.feeders.values()) {
      const limit = Math.min(this.#options.fanOut, best?.fed ?? Infinity);
      if (!entry.isDropped && entry.fed < limit) best = entry;
    }
    return best;
  }

  #placeAt(content: string, group: Group, entry: Entry): Place {
    entry.fed++;
    const state = { isHeld: true };
    return {
      feeder: entry.feeder,
      signal: entry.gone.signal,
      drop: () => void (entry.isDropped = true),
      [Symbol.dispose]: () => {
        if (!state.isHeld) return;
        state.isHeld = false;
        entry.fed--;
        this.#serve(content, group);
      },
    };
  }

  #groupOf(content: string): Group {
    const found = this.#groups.get(content);
    if (found) return found;
    const made: Group = { coming: new Set(), feeders: new Map(), waiting: new Set() };
    this.#groups.set(content, made);
    return made;
  }
}

/** The desk as the configuration wants it. */
export function relayOf({ deploy }: Pick<Config, 'deploy'>): RelayDesk {
  return new RelayDesk({
    fanOut: deploy.relay_fan_out,
    waitMs: deploy.relay_wait_seconds * 1000,
    holdMs: deploy.relay_hold_seconds * 1000,
  });
}
