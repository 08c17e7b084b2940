import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { pino } from 'pino';
import { loadConfig } from '../config/load.ts';
import { explain, IronpxeError } from '../errors/error.ts';
import { startConductor } from './start.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs a conductor until the process is told to stop; resolves with the exit code. */
export async function serve(configPath: string): Promise<number> {
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
  try {
    const loaded = loadConfig(configPath);
    logger.level = loaded.config.log_level;
    await using _ = await startConductor(loaded, logger);
    // Not only at the end: a conductor that is killed has compiled its sources too.
    flushCompileCache();
    const signal = await stopSignal();
    logger.info({ signal }, 'stopping');
  } catch (error) {
    if (!(error instanceof IronpxeError)) throw error;
    process.stderr.write(`ironpxe conductor: ${explain(error)}\n`);
    return 1;
  }
  logger.info('stopped');
  return 0;
}

async function stopSignal(): Promise<string> {
  const received = STOP_SIGNALS.map(async (signal) => {
    await once(process, signal);
    return signal;
  });
  return Promise.race(received);
}
