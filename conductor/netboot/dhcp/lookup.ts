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
  const [host, boot, lease, holder] = await Promise.all([
    facts.hostByMac(mac),
    isNetbootClient(clientOf(packet)) ? facts.bootFactsByMac(mac) : undefined,
    facts.leases.byMac(mac, subnet.name),
    wanted === undefined ? undefined : facts.leases.byAddress(wanted),
  ]);
  const found = { config, subnet, nowMs, host, boot, lease, holder, candidate: undefined };
  const ignored = host === undefined && config.unknownMachines === 'ignore';
  const gives = packet.type === 'discover' && config.mode === 'server';
  if (!gives || ignored || knownAddress(packet, found) !== undefined) return found;
  return { ...found, candidate: await freeAddress(subnet, mac, facts, nowMs) };
}
