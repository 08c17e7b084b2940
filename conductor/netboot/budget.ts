import type { NewEvent } from '../events/kinds.ts';
import type { NetbootFacts } from './facts.ts';

/** Entries for one node, or for all unknown machines together, in a minute. A boot makes about 20. */
const MOST_PER_MINUTE = 300;
const MINUTE_MS = 60_000;

/**
 * Bounds what the network can write into the timeline: anyone may send packets, and each could
 * become a row. What is over the budget of its minute is left out; `onFull` hears of it once.
 */
export function withinBudget(
  observe: (event: NewEvent) => void,
  onFull: (nodeUuid: string | undefined) => void = () => {},
  nowMs: () => number = Date.now,
): (event: NewEvent) => void {
  let spent = new Map<string | undefined, number>();
  let told = new Set<unknown>();
  let minute = 0;
  return (event) => {
    const now = Math.floor(nowMs() / MINUTE_MS);
    if (now !== minute) [minute, spent, told] = [now, new Map(), new Set()];
    // A machine that is nobody's node may ask for ever: once in a minute says it all.
    if (event.kind === 'dhcp.unknown' && told.has(event.data?.['mac'])) return;
    if (event.kind === 'dhcp.unknown') told.add(event.data?.['mac']);
    const count = (spent.get(event.nodeUuid) ?? 0) + 1;
    spent.set(event.nodeUuid, count);
    if (count <= MOST_PER_MINUTE) observe(event);
    else if (count === MOST_PER_MINUTE + 1) onFull(event.nodeUuid);
  };
}

/** The same facts, with {@link withinBudget} before their timeline. */
export function withEventBudget(
  facts: NetbootFacts,
  onFull: (nodeUuid: string | undefined) => void,
): NetbootFacts {
  return {
    leases: facts.leases,
    hostByMac: (mac) => facts.hostByMac(mac),
    bootFactsByMac: (mac) => facts.bootFactsByMac(mac),
    bootFactsByNode: (nodeUuid) => facts.bootFactsByNode(nodeUuid),
    observe: withinBudget((event) => facts.observe(event), onFull),
  };
}
