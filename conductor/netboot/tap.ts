import type { Ipv4 } from '../values/ipv4.ts';
import type { DhcpDecision } from './dhcp/decide.ts';
import type { DhcpSnapshot } from './dhcp/snapshot.ts';
import type { BootFacts, KnownHost, Lease, NetbootFacts } from './facts.ts';
import type { BootTree, TreeAnswer } from './tree/tree.ts';

/** A DHCP message with what was decided about it, and on what grounds. */
export type DhcpSeen = {
  readonly bytes: Buffer;
  /** `bootServer`: it came to port 4011. */
  readonly to: 'server' | 'bootServer';
  readonly snapshot: DhcpSnapshot;
  readonly decision: DhcpDecision;
};

/** A request for a boot file with the answer, and its grounds. */
export type FileSeen = {
  readonly protocol: 'tftp' | 'http';
  readonly name: string;
  readonly client: Ipv4 | undefined;
  readonly lease: Lease | undefined;
  readonly host: KnownHost | undefined;
  readonly boot: BootFacts | undefined;
  readonly answer: TreeAnswer;
};

/** Listens to what the netboot services decide, without a say in it. */
export type NetbootTap = {
  dhcp(seen: DhcpSeen): void;
  file(seen: FileSeen): void;
};

/** The same tree; a tap hears of every request. */
export function tappedTree(
  tree: BootTree,
  protocol: FileSeen['protocol'],
  facts: NetbootFacts,
  tap: NetbootTap | undefined,
): BootTree {
  if (tap === undefined) return tree;
  return {
    async resolve(name, client) {
      const answer = await tree.resolve(name, client);
      const lease = client && (await facts.leases.byAddress(client));
      const host = lease && (await facts.hostByMac(lease.mac));
      const { nodeUuid } = answer;
      const boot = nodeUuid === undefined ? undefined : await facts.bootFactsByNode(nodeUuid);
      tap.file({ protocol, name, client, lease, host, boot, answer });
      return answer;
    },
  };
}
