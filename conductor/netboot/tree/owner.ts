import type { Ipv4 } from '../../values/ipv4.ts';
import type { NetbootFacts } from '../facts.ts';

/**
 * The node that an address was leased to. The lease need not be live any more: a long boot may
 * outlast it, and the row stands until somebody else gets the address.
 */
export async function nodeAt(
  client: Ipv4 | undefined,
  facts: NetbootFacts,
): Promise<string | undefined> {
  const lease = client && (await facts.leases.byAddress(client));
  const host = lease && (await facts.hostByMac(lease.mac));
  return host?.nodeUuid;
}
