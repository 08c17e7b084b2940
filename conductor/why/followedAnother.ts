import type { TimelineEntry } from '../timeline/entry.ts';
import type { Boot } from './boot.ts';

/** Why a file is refused to an address that came from elsewhere. */
export const NO_LEASE = /holds no lease of the node/;

/**
 * The REQUEST by which the machine took the offer of another DHCP server in its last start; none where
 * we leased it an address later, or where a file was given to it nevertheless.
 */
export function followedAnother({ since, lastTransfer }: Boot): TimelineEntry | undefined {
  const said = since.findLast(({ kind }) => kind === 'dhcp.foreign' || kind === 'dhcp.ack');
  if (said?.kind !== 'dhcp.foreign') return undefined;
  const fetched = lastTransfer !== undefined && lastTransfer.entryId > said.id;
  return fetched && !NO_LEASE.test(lastTransfer.why ?? '') ? undefined : said;
}
