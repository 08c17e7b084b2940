import type { Ipv4 } from '../../values/ipv4.ts';
import type { BootFacts, KnownHost, Lease } from '../facts.ts';
import type { DhcpConfig, Subnet } from './config.ts';

/** All that the decision about one request rests on. */
export type DhcpSnapshot = {
  readonly config: DhcpConfig;
  readonly subnet: Subnet;
  readonly nowMs: number;
  readonly host: KnownHost | undefined;
  readonly boot: BootFacts | undefined;
  /** The lease of this MAC in this subnet, in whatever state. */
  readonly lease: Lease | undefined;
  /** The lease that stands for the address which the client asks for or says to have. */
  readonly holder: Lease | undefined;
  /** A free address, if one had to be found. */
  readonly candidate: Ipv4 | undefined;
};
