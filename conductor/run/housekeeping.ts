import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { tidyImageCache } from '../deploy/imageCache.ts';
import { forgetMediaOfGoneNodes } from '../deploy/virtualMedia/publish.ts';
import type { Database } from '../store/database.ts';
import { removeEventsBefore } from '../store/events.ts';

const EVERY_MS = 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;

type Housekept = {
  readonly database: Database;
  readonly config: Config;
  readonly logger: Logger;
};

/** Removes, at once and every hour, what is older than the configuration keeps it. */
export function startHousekeeping(options: Housekept): AsyncDisposable {
  let work = keepHouse(options);
  const again = async (): Promise<void> => {
    await work;
    await keepHouse(options);
  };
  const timer = setInterval(() => {
    work = again();
  }, EVERY_MS).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await work;
    },
  };
}

/** Never throws: what could not be removed now is tried again in an hour. */
async function keepHouse({ database, config, logger }: Housekept): Promise<void> {
  try {
    const freedBytes = await tidyImageCache({ database, config });
    await forgetMediaOfGoneNodes({ database, config });
    const before = new Date(Date.now() - config.events.keep_days * DAY_MS);
    const events = await removeEventsBefore(database, before);
    if (freedBytes + events > 0) logger.info({ freed_bytes: freedBytes, events }, 'housekeeping');
  } catch (error) {
    logger.warn({ err: error }, 'housekeeping');
  }
}
