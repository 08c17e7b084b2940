import type { Ipv4 } from '../../../conductor/values/ipv4.ts';

/** A DHCP dialogue, and what the client makes of the offer. */
export type Dhcp = {
  readonly do: 'dhcp';
  readonly as: 'pxe' | 'arm64' | 'alien' | 'ramdisk' | 'os';
  /** `other`: it takes the offer of another server. */
  readonly reaction: 'take' | 'ignore' | 'other' | 'decline';
  readonly times?: number;
  /** Comes through a relay of this address. */
  readonly relay?: Ipv4;
  /** Asks for this address in place of the one that was offered. */
  readonly requested?: Ipv4;
};

/** A TFTP transfer; `stopAfter` so many blocks the client is silent, or aborts. */
export type Tftp = {
  readonly do: 'tftp';
  readonly file: string;
  readonly stopAfter?: number;
  readonly abort?: true;
  /** Another address than the leased one. */
  readonly from?: Ipv4;
};

/** What a played machine does. */
export type Act =
  | Dhcp
  | Tftp
  | { readonly do: 'wait'; readonly ms: number }
  /** Answers every DISCOVER for so long, as another DHCP server. */
  | { readonly do: 'serve'; readonly ms: number }
  | {
      readonly do: 'callback';
      readonly key?: string;
      readonly error?: string;
      /** As a ramdisk that takes commands. */
      readonly commands?: true;
    };

/** A boot with a fault. */
export type Scenario = {
  /** The code that explains it; `null`: it must stay unknown. */
  readonly code: string | null;
  /** Acts at each start of the machine. */
  readonly acts: readonly Act[];
  /** Acts before the deploy begins. */
  readonly before?: readonly Act[];
  /** Whether the MAC of the node's port is another one, or may not boot. */
  readonly port?: 'other' | 'disabled';
  readonly mode?: 'proxy';
  /** Makes the kernel a text, or takes it away once the boot is prepared. */
  readonly kernel?: 'text' | 'gone';
  readonly ramdisk?: 'text';
  /** Other DHCP servers are looked for. */
  readonly search?: true;
  /** The code of the error that switching the machine fails with. */
  readonly power?: 'DRIVER_POWER_NOT_REACHED' | 'DRIVER_BMC_UNREACHABLE';
  readonly image?: 'missing';
  /** Another machine has the only address. */
  readonly full?: true;
};
