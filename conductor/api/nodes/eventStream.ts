import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../store/database.ts';
import { listEvents } from '../../store/events.ts';
import type { TimelineEvent } from '../../store/types.ts';

const PAGE = 200;
/** How often the store is looked at; one read by index. */
const LOOK_MS = 500;
/** A comment keeps proxies from closing a silent connection. */
const HEARTBEAT_MS = 15_000;

/** What may wait for a slow client; after that the store is not read on. */
const MOST_WAITING_BYTES = 1024 * 1024;

/**
 * A node's events after an id as server-sent events (WHATWG HTML §9.2), until the stream is
 * destroyed. The id of each is what `Last-Event-ID` brings back after a lost connection.
 */
export function eventStream(database: Database, nodeUuid: string, afterId: number): Readable {
  const stop = new AbortController();
  const stream = new Readable({
    read: () => undefined,
    destroy(error, done) {
      stop.abort();
      done(error);
    },
  });
  pump(stream, { database, nodeUuid, afterId }, stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) stream.destroy(error instanceof Error ? error : undefined);
  });
  return stream;
}

async function pump(
  stream: Readable,
  { database, nodeUuid, afterId }: { database: Database; nodeUuid: string; afterId: number },
  signal: AbortSignal,
): Promise<void> {
  // Tells the client at once that it is connected.
  stream.push('retry: 2000\n\n');
  let last = afterId;
  let saidAtMs = performance.now();
  for (;;) {
    const limit = stream.readableLength < MOST_WAITING_BYTES ? PAGE : 0;
    const events = await listEvents(database, { nodeUuid, afterId: last, limit });
    signal.throwIfAborted();
    last = events.at(-1)?.id ?? last;
    const isSilent = performance.now() - saidAtMs > HEARTBEAT_MS;
    if (events.length > 0 || isSilent) saidAtMs = performance.now();
    if (events.length > 0) stream.push(events.map(frame).join(''));
    else if (isSilent) stream.push(': still here\n\n');
    if (events.length < PAGE) await sleep(LOOK_MS, undefined, { signal });
  }
}

function frame(event: TimelineEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(eventJson(event))}\n\n`;
}

/** An event as the API shows it. */
export function eventJson({ id, at, kind, message, data, operationUuid }: TimelineEvent) {
  return { id, at, kind, message, data, operation_uuid: operationUuid };
}
