import { setTimeout as delay } from 'node:timers/promises';
import type { NewEvent } from '../../events/kinds.ts';
import type { Ipv4 } from '../../values/ipv4.ts';
import { findForeignServers, type ForeignSearch } from './foreign.ts';

/** How other DHCP servers are watched for. */
export type ForeignWatch = Omit<ForeignSearch, 'signal'> & {
  /** From one search to the next. */
  readonly everyMs: number;
  readonly observe: (event: NewEvent) => void;
  /** Told of searches that could not be made, and of servers that were found. */
  readonly onError: (error: unknown) => void;
};

/** Looks for other DHCP servers now and then until it is disposed of; tells of each change. */
export function watchForeign(watch: ForeignWatch): AsyncDisposable {
  const stop = new AbortController();
  const running = rounds(watch, stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) watch.onError(error);
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function rounds(watch: ForeignWatch, signal: AbortSignal): Promise<void> {
  let known: readonly Ipv4[] = [];
  for (;;) {
    const found = await findForeignServers({ ...watch, signal });
    if (found.join() !== known.join()) tell(found, watch);
    known = found;
    await delay(watch.everyMs, undefined, { signal, ref: false });
  }
}

function tell(servers: readonly Ipv4[], { observe, onError }: ForeignWatch): void {
  const who = servers.join(', ');
  const message =
    servers.length === 0
      ? 'No other DHCP server answers any more'
      : `Another DHCP server answers on this network: ${who}; machines may follow it instead`;
  observe({ kind: 'dhcp.foreign', message, data: { servers } });
  if (servers.length > 0) onError(new Error(message));
}
