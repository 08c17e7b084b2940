import type { DhcpOptions } from '../netboot/dhcp/config.ts';
import type { BootFacts, KnownHost, Lease } from '../netboot/facts.ts';
import type { TreeAnswer, TreeOptions } from '../netboot/tree/tree.ts';
import type { Ipv4 } from '../values/ipv4.ts';

/** What a recording's `format` says, so that no other JSON passes for one. */
export const RECORDING_FORMAT = 'ironpxe-recording-1';

/** A DHCP message, the grounds of the decision about it, and the decision. Bytes are in hex. */
export type RecordedDhcp = {
  readonly protocol: 'dhcp';
  /** The clock of the decision, milliseconds since the epoch. */
  readonly atMs: number;
  readonly bytes: string;
  readonly to: 'server' | 'bootServer';
  /** The name of its subnet. */
  readonly subnet: string;
  readonly host: KnownHost | null;
  readonly boot: BootFacts | null;
  readonly lease: Lease | null;
  readonly holder: Lease | null;
  readonly candidate: Ipv4 | null;
  /** What was answered. */
  readonly reply: string | null;
  readonly leases: readonly Lease[];
};

/** A request for a boot file, its grounds, and what was answered. */
export type RecordedFile = {
  readonly protocol: 'tftp' | 'http';
  readonly atMs: number;
  readonly name: string;
  readonly client: Ipv4 | null;
  readonly lease: Lease | null;
  readonly host: KnownHost | null;
  readonly boot: BootFacts | null;
  readonly answer: TreeAnswer;
};

export type RecordedPacket = RecordedDhcp | RecordedFile;

/** What the services were told when they were started, as JSON. */
export type RecordedOptions = {
  readonly dhcp:
    | (Omit<DhcpOptions, 'missingLoaders'> & { readonly missingLoaders: Record<string, string> })
    | null;
  readonly tree: Omit<TreeOptions, 'loaders'>;
};

/** The netboot of one machine: everything that is needed to decide about it again. */
export type NetbootRecording = {
  readonly options: RecordedOptions | null;
  readonly packets: readonly RecordedPacket[];
};
