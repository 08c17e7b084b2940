import { createHash } from 'node:crypto';
import { EVENT_KINDS, type EventKind } from '../events/kinds.ts';
import type { TimelineEvent } from '../store/types.ts';

/** What is posted of an event; the same each time it is tried. */
export type WebhookMessage = { readonly id: string; readonly body: string };

/**
 * An event as it is posted. The id is the same after a restart, and another on every other
 * conductor, so that receivers know what they have had.
 */
export function messageOf(host: string, event: TimelineEvent): WebhookMessage {
  const { id, at, kind, message, data, nodeUuid, operationUuid } = event;
  const hash = createHash('sha256')
    .update(JSON.stringify([host, id, at]))
    .digest('hex');
  const body = JSON.stringify({
    type: kind,
    timestamp: at,
    data: {
      conductor: host,
      event_id: id,
      node_uuid: nodeUuid,
      operation_uuid: operationUuid,
      message,
      details: data,
    },
  });
  return { id: `evt_${hash.slice(0, 32)}`, body };
}

/** The kinds of events that patterns such as `state.changed`, `power.*` and `*` name. */
export function kindsOf(patterns: readonly string[]): EventKind[] {
  const kinds = Object.keys(EVENT_KINDS) as EventKind[];
  return kinds.filter((kind) => patterns.some((pattern) => names(pattern, kind)));
}

function names(pattern: string, kind: string): boolean {
  if (pattern === '*') return true;
  return pattern.endsWith('.*') ? kind.startsWith(pattern.slice(0, -1)) : kind === pattern;
}
