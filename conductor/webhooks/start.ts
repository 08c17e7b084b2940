import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { Database } from '../store/database.ts';
import { openWebhookCursors } from '../store/webhookCursors.ts';
import { type Delivery, deliver } from './delivery.ts';
import { kindsOf } from './message.ts';

const TIMINGS = {
  backOff: { firstMs: 1000, longestMs: 5 * 60_000 },
  // The least that Standard Webhooks recommends.
  timeoutMs: 15_000,
  lookMs: 500,
} as const;

export type WebhookOptions = {
  readonly database: Database;
  readonly config: Pick<Config, 'webhooks' | 'host'>;
  readonly logger: Logger;
  /** In place of those of every day, for tests. */
  readonly timings?: Pick<Delivery, keyof typeof TIMINGS>;
};

/**
 * Posts events to the receivers in the configuration, each for itself, until disposed of. A receiver
 * that is new starts with what happens from now on.
 */
export async function startWebhooks(options: WebhookOptions): Promise<AsyncDisposable> {
  const { database, config, logger, timings = TIMINGS } = options;
  const stop = new AbortController();
  const urls = config.webhooks.map(({ url }) => url);
  const cursors = await openWebhookCursors(database, urls);
  const running = config.webhooks.map(({ url, secret, events, give_up_seconds: giveUpSeconds }) => {
    const delivery: Delivery = {
      ...timings,
      database,
      logger,
      url,
      host: config.host,
      key: secret,
      kinds: kindsOf(events),
      giveUpMs: giveUpSeconds * 1000,
    };
    return deliver(delivery, cursors.get(url) ?? 0, stop.signal);
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}
