import type { NetbootFacts } from '../facts.ts';
import { freeAddress } from './allocate.ts';
import { clientOf, isNetbootClient } from './client.ts';
import type { DhcpConfig, Subnet } from './config.ts';
import { knownAddress, wantedAddress } from './decide.ts';
import type { DhcpPacket } from './packet.ts';
import type { DhcpSnapshot } from './snapshot.ts';

/** Reads what the decision about `packet` rests on. */
export async function lookUp(
  packet: DhcpPacket,
  subnet: Subnet,
  config: DhcpConfig,
  facts: NetbootFacts,
  nowMs: number,
): Promise<DhcpSnapshot> {
  const { mac } = packet;
  const wanted = wantedAddress(packet);
  const boots = isNetbootClient(clientOf(packet));
  const [known, boot, lease, holder] = await Promise.all([
    facts.hostByMac(mac),
    boots ? facts.bootFactsByMac(mac) : undefined,
    facts.leases.byMac(mac, subnet.name),
    wanted === undefined ? undefined : facts.leases.byAddress(wanted),
  ]);
  // Anybody's laptop is a stranger too: only what came to boot is one that may be served.
  const host = known?.stranger && !boots && lease === undefined ? undefined : known;
  const found = { config, subnet, nowMs, host, boot, lease, holder, candidate: undefined };
  const ignored = host === undefined && config.unknownMachines === 'ignore';
  const gives = packet.type === 'discover' && config.mode === 'server';
  if (!gives || ignored || knownAddress(packet, found) !== undefined) return found;
  return { ...found, candidate: await freeAddress(subnet, mac, facts, nowMs) };
}
