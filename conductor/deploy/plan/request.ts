import type { ImageFacts } from '../../images/types.ts';

/** The file systems that can be made on the ephemeral partition. */
export const EPHEMERAL_FORMATS = ['ext2', 'ext3', 'ext4', 'xfs', 'vfat'] as const;
export type EphemeralFormat = (typeof EPHEMERAL_FORMATS)[number];

/** What a disk shall look like, in Ironic's terms. */
export type DiskRequest = {
  readonly diskSizeBytes: number;
  /** The disk's logical sectors. */
  readonly blockSizeBytes: 512 | 4096;
  readonly image: ImageFacts;
  /** The image has a partition table of its own. What follows up to `diskLabel` is then unused. */
  readonly wholeDisk: boolean;
  readonly rootGib: number;
  readonly swapMib: number;
  readonly ephemeralGib: number;
  readonly ephemeralFormat: EphemeralFormat;
  /** Leaves the bytes of the ephemeral partition as they are on the disk. */
  readonly preserveEphemeral: boolean;
  readonly diskLabel: 'msdos' | 'gpt';
  readonly bootMode: 'bios' | 'uefi';
  /** The machine boots from its disk later on, so it gets the partition its firmware needs. */
  readonly localBoot: boolean;
  /** Path of an ISO or VFAT image, at most 64 MiB. */
  readonly configDrive?: string | undefined;
};
