import type { Config } from '../../config/schema.ts';
import { contains, type Cidr, tryParseIpv4 } from '../../values/ipv4.ts';
import type { TargetDisk } from '../plan/types.ts';
import { type Clock, MONOTONIC_CLOCK } from './clock.ts';
import { limitDisk } from './limitedDisk.ts';
import { Link } from './link.ts';
import { type Turn, Turns } from './turns.ts';

export type { Turn } from './turns.ts';

export type AdmissionOptions = {
  readonly maxConcurrentWrites: number;
  /** Networks whose writes have so much together; of several that hold an address, the smallest. */
  readonly links: readonly { readonly cidr: Cidr; readonly limitMbit: number }[];
  readonly clock?: Clock;
};

/** How many writes there are, as those who wait are told. */
export type Queue = { readonly writing: number; readonly waiting: number };

/** Decides which disks are written at a time, and how fast. */
export type Admission = {
  queue(): Queue;
  /** A turn for one write if there is one. */
  tryEnter(): Turn | undefined;
  /** Waits for a turn, in the order of asking. @throws the reason of `signal` */
  enter(signal: AbortSignal): Promise<Turn>;
  /** The disk as it may be written: through a fair share of its link where that has a limit. */
  paced(
    disk: TargetDisk & { readonly zeroing?: string },
    address: string,
    signal: AbortSignal,
  ): TargetDisk;
};

const BYTES_PER_MBIT = 125_000;

/** Makes the desk that all writes of a conductor pass. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { maxConcurrentWrites, clock = MONOTONIC_CLOCK } = options;
  const turns = new Turns(maxConcurrentWrites);
  const links = options.links
    .toSorted((a, b) => b.cidr.prefixLength - a.cidr.prefixLength)
    .map(({ cidr, limitMbit }) => ({ cidr, link: new Link(limitMbit * BYTES_PER_MBIT, clock) }));
  return {
    queue: () => ({ writing: turns.taken, waiting: turns.waiting }),
    tryEnter: () => turns.tryTake(),
    enter: (signal) => turns.take(signal),
    paced(disk, address, signal) {
      const parsed = tryParseIpv4(address);
      const found = parsed && links.find(({ cidr }) => contains(cidr, parsed));
      return found ? limitDisk(disk, found.link.join(), signal) : disk;
    },
  };
}

/** The desk as the configuration wants it. */
export function admissionOf({ iscsi }: Pick<Config, 'iscsi'>): Admission {
  return createAdmission({
    maxConcurrentWrites: iscsi.max_concurrent_writes,
    links: iscsi.links.map(({ cidr, limit_mbit: limitMbit }) => ({ cidr, limitMbit })),
  });
}
