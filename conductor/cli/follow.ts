import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../errors/error.ts';
import type { JsonObject } from './json.ts';
import type { ApiClient } from './client.ts';
import { nodePath } from './nodes.ts';

/** An event as `GET …/timeline` gives it. */
export type WireEvent = {
  readonly id: number;
  readonly at: string;
  readonly kind: string;
  readonly message: string;
  readonly data: JsonObject;
  readonly operation_uuid: string | null;
};

/** A node's states as `GET …/timeline` gives them. */
export type FollowedNode = {
  readonly uuid: string;
  readonly name: string | null;
  readonly provision_state: string;
  readonly target_provision_state: string | null;
  readonly power_state: string | null;
  readonly target_power_state: string | null;
  readonly last_error: string | null;
};

type Timeline = { readonly events: readonly WireEvent[]; readonly node: FollowedNode };

/** How to follow. */
export type FollowOptions = {
  /** Whether this is the end. Asked after every event up to now was given to `onEvent`. */
  readonly until: (node: FollowedNode) => boolean;
  readonly onEvent: (event: WireEvent) => void;
  readonly signal: AbortSignal;
  /** Events up to this id are old; 0 by default. See {@link lastEventId}. */
  readonly afterId?: number;
  /** 300 by default. */
  readonly pollMs?: number;
  /** How long the conductor may be away before following fails; 60,000 by default. */
  readonly patienceMs?: number;
};

const PAGE = 500;

/**
 * Reads a node's timeline until `until` says so, and returns the states then. A conductor that
 * restarts meanwhile is waited for. @throws IronpxeError API_UNREACHABLE, NODE_NOT_FOUND
 */
export async function followOperation(
  client: ApiClient,
  ident: string,
  options: FollowOptions,
): Promise<FollowedNode> {
  let afterId = options.afterId ?? 0;
  let answeredAtMs = Date.now();
  for (;;) {
    const timeline = await readTimeline(client, ident, afterId).catch((error: unknown) => {
      const patient = Date.now() - answeredAtMs < (options.patienceMs ?? 60_000);
      if (!patient || !hasCode(error, 'API_UNREACHABLE')) throw error;
    });
    if (timeline !== undefined) {
      answeredAtMs = Date.now();
      timeline.events.forEach(options.onEvent);
      afterId = timeline.events.at(-1)?.id ?? afterId;
      if (timeline.events.length === PAGE) continue;
      if (options.until(timeline.node)) return timeline.node;
    }
    await sleep(options.pollMs ?? 300, undefined, { signal: options.signal });
  }
}

/** The id of a node's newest event: where following begins before something is started. */
export async function lastEventId(client: ApiClient, ident: string): Promise<number> {
  const { last_event_id: newest } = await client.get(`${nodePath(ident)}/timeline?limit=0`);
  return Number(newest);
}

async function readTimeline(client: ApiClient, ident: string, afterId: number): Promise<Timeline> {
  const path = `${nodePath(ident)}/timeline?after=${afterId}&limit=${PAGE}`;
  return (await client.get(path)) as Timeline;
}
