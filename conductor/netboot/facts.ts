import type { NewEvent } from '../events/kinds.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Mac } from '../values/mac.ts';

/** The labels of Ironic's boot configs. */
export const BOOT_LABELS = ['deploy', 'boot_partition', 'boot_whole_disk'] as const;
export type BootLabel = (typeof BOOT_LABELS)[number];

/** The files a node may fetch, by the name they have below its UUID. */
export const BOOT_FILES = ['deploy_kernel', 'deploy_ramdisk', 'kernel', 'ramdisk'] as const;
export type BootFile = (typeof BOOT_FILES)[number];

/** What a node boots, as a row: DHCP, TFTP and HTTP render from it whenever they are asked. */
export type BootFacts = {
  readonly nodeUuid: string;
  /** The label that is taken by default. */
  readonly label: BootLabel;
  /** Absolute paths on the conductor. */
  readonly files: Readonly<Partial<Record<BootFile, string>>>;
  /** Kernel parameters of the deploy label, without `initrd=` and BOOTIF. */
  readonly deployOptions: string;
  /** Kernel parameters of the boot_partition label, `root=` among them. */
  readonly bootOptions: string;
  /** `0x%08x`, for `chain.c32 mbr:`; boot_whole_disk only. */
  readonly diskIdentifier: string | undefined;
};

/** A machine that is known by one of its ports. */
export type KnownHost = {
  readonly nodeUuid: string;
  readonly hostname: string | undefined;
  /** Whether this node boots through iPXE and HTTP rather than pxelinux or GRUB. */
  readonly ipxe: boolean;
  /** Whether that iPXE brings its own network drivers; `false` by default: the firmware's. */
  readonly ipxeDrivers?: boolean;
  /** What the node is said to be; the firmware's own word (option 93) wins. */
  readonly bootMode?: 'bios' | 'uefi';
  /** A machine of no node, which may boot the ramdisk to enroll itself; its system is not served. */
  readonly stranger?: true;
};

/** A DHCP lease, as stored. Times are milliseconds since the epoch. */
export type Lease = {
  readonly address: Ipv4;
  readonly mac: Mac;
  readonly subnet: string;
  readonly state: 'offered' | 'bound' | 'declined' | 'released';
  readonly expiresAtMs: number;
};

/** Whether a lease still keeps its address from others. */
export function isLive(lease: Lease, nowMs: number): boolean {
  return lease.state !== 'released' && lease.expiresAtMs > nowMs;
}

/** An address that nobody holds, with the lease that it was last in. */
export type FreeAddress = { readonly address: Ipv4; readonly former: Lease | undefined };

/** All that the netboot services know of the world; the store stands behind it. */
export interface NetbootFacts {
  hostByMac(mac: Mac): Promise<KnownHost | undefined>;
  bootFactsByMac(mac: Mac): Promise<BootFacts | undefined>;
  bootFactsByNode(nodeUuid: string): Promise<BootFacts | undefined>;
  leases: LeaseBook;
  /** Appends to the timeline; never throws and does not wait. */
  observe(event: NewEvent): void;
}

/**
 * Leases that outlive a restart. One row per address, and at most one row per MAC and subnet, besides
 * declined ones: a declined row belongs to its address alone.
 */
export interface LeaseBook {
  /** The machine's lease, in any state but declined; a released or expired one too. */
  byMac(mac: Mac, subnet: string): Promise<Lease | undefined>;
  byAddress(address: Ipv4): Promise<Lease | undefined>;
  /** Goes on through `addresses` to the first that no live lease holds at `nowMs`. */
  nextFree(addresses: Iterator<Ipv4>, nowMs: number): Promise<FreeAddress | undefined>;
  /**
   * Writes a lease, replacing what stood for its address and for its MAC in the subnet; a declined
   * address is nobody's and leaves the lease of its MAC alone. Lookups that follow see it at once;
   * the promise is kept when it survives a power cut, which an offer need not.
   */
  put(lease: Lease): Promise<void>;
}
