import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { EventKind } from '../events/kinds.ts';
import type { Database } from '../store/database.ts';
import { listEvents, newestEventIdOfAll } from '../store/events.ts';
import { saveWebhookCursor } from '../store/webhookCursors.ts';
import type { TimelineEvent } from '../store/types.ts';
import { type BackOff, verdictOf } from './answer.ts';
import { messageOf } from './message.ts';
import { post } from './post.ts';

/** One receiver, and how it is served. */
export type Delivery = {
  readonly database: Database;
  readonly logger: Logger;
  /** Name of the conductor, which is told to the receiver. */
  readonly host: string;
  /** May hold a secret: stands in no message. */
  readonly url: string;
  readonly key: Uint8Array;
  readonly kinds: readonly EventKind[];
  /** How long an event is tried, from when it happened or from the start of the conductor. */
  readonly giveUpMs: number;
  readonly backOff: BackOff;
  readonly timeoutMs: number;
  /** How often the store is looked at when there was nothing to send; one read by index. */
  readonly lookMs: number;
};

/**
 * Posts what happened after the event `afterId`, in order and one at a time, until `signal` aborts.
 * The place is stored after each event, so that one is sent twice rather than lost. Never rejects.
 */
export async function deliver(
  delivery: Delivery,
  afterId: number,
  signal: AbortSignal,
): Promise<void> {
  const queue = new Queue(delivery, afterId);
  while (!signal.aborted) {
    const waitMs = await queue.step(signal).catch((error: unknown) => {
      if (!signal.aborted) delivery.logger.warn({ err: error, ...queue.where }, 'webhook');
      return delivery.backOff.longestMs;
    });
    if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => {});
  }
}

class Queue {
  readonly where: { readonly webhook: string };
  readonly #delivery: Delivery;
  readonly #startedMs = Date.now();
  /** All up to here is sent, given up or not asked for. */
  #afterId: number;
  /** In a row. */
  #failures = 0;

  constructor(delivery: Delivery, afterId: number) {
    this.#delivery = delivery;
    this.#afterId = afterId;
    this.where = { webhook: new URL(delivery.url).host };
  }

  /** Sends the next event, if there is one. @returns how long to wait before the next step */
  async step(signal: AbortSignal): Promise<number> {
    const { database, kinds, lookMs } = this.#delivery;
    const newestId = await newestEventIdOfAll(database);
    if (newestId <= this.#afterId) return lookMs;
    const [event] = await listEvents(database, { kinds, afterId: this.#afterId, limit: 1 });
    if (event === undefined) {
      // Not stored: a restart looks through them again, and finds nothing again.
      this.#afterId = newestId;
      return lookMs;
    }
    if (this.#isStale(event)) return this.#giveUp();
    return this.#send(event, signal);
  }

  async #send(event: TimelineEvent, signal: AbortSignal): Promise<number> {
    const { host, backOff, logger } = this.#delivery;
    const { why, ...answer } = await post(messageOf(host, event), { ...this.#delivery, signal });
    const verdict = verdictOf({ ...answer, failures: this.#failures + 1 }, backOff, Math.random());
    if (verdict.kind === 'again') {
      this.#failed(why);
      return verdict.waitMs;
    }
    const facts = { ...this.where, event_id: event.id, kind: event.kind };
    if (verdict.kind === 'skip') logger.warn({ ...facts, why }, 'webhook: an event is given up');
    else if (this.#failures > 0)
      logger.info(this.where, 'webhook: the receiver takes events again');
    this.#failures = 0;
    await this.#saveCursor(event.id);
    return 0;
  }

  #failed(why: string): void {
    this.#failures += 1;
    const facts = { ...this.where, why, failures: this.#failures };
    const isNews = this.#failures === 1;
    this.#delivery.logger[isNews ? 'warn' : 'debug'](facts, 'webhook: trying again');
  }

  /** What happened while the conductor was down is tried for as long as anything else. */
  #isStale({ at }: TimelineEvent): boolean {
    return Math.max(Date.parse(at), this.#startedMs) + this.#delivery.giveUpMs < Date.now();
  }

  /** Passes over all that is too old, a page at a time. */
  async #giveUp(): Promise<number> {
    const { database, kinds, logger } = this.#delivery;
    const page = await listEvents(database, { kinds, afterId: this.#afterId, limit: PAGE });
    const fresh = page.findIndex((event) => !this.#isStale(event));
    const stale = fresh === -1 ? page : page.slice(0, fresh);
    const last = stale.at(-1);
    if (last === undefined) return 0;
    const facts = { ...this.where, events: stale.length, from: stale[0]?.id, to: last.id };
    logger.warn(facts, 'webhook: events were tried for too long and are given up');
    await this.#saveCursor(last.id);
    return 0;
  }

  async #saveCursor(id: number): Promise<void> {
    await saveWebhookCursor(this.#delivery.database, this.#delivery.url, id);
    this.#afterId = id;
  }
}

const PAGE = 200;
