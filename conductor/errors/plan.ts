import type { ErrorRows } from './row.ts';

/** Failures of planning a disk's content and of writing it. */
export const PLAN_ERRORS = {
  DISK_TOO_SMALL: {
    status: 400,
    retry: false,
    cause: 'The partitions that the node asks for do not fit on its disk.',
    next: 'Lower root_gb, ephemeral_gb or swap_mb, or choose a larger disk by root device hints.',
  },
  DISK_LAYOUT_INVALID: {
    status: 400,
    retry: false,
    cause: 'The partitions that the node asks for cannot be expressed on its disk.',
    next: 'Change what the message names; often disk_label "gpt" is the way out.',
  },
  IMAGE_LARGER_THAN_ROOT: {
    status: 400,
    retry: false,
    cause: 'The image is larger than the root partition.',
    next: 'Raise root_gb or use a smaller image.',
  },
  IMAGE_LARGER_THAN_DISK: {
    status: 400,
    retry: false,
    cause: 'The whole-disk image is larger than the disk.',
    next: 'Use a smaller image, or choose a larger disk by root device hints.',
  },
  IMAGE_KIND_MISMATCH: {
    status: 400,
    retry: false,
    cause:
      'A whole disk was given where the content of a root partition is expected, or the reverse.',
    next: 'Set instance_info.image_type to what it is, partition or whole-disk; a partition image also needs root_gb, and kernel and ramdisk or boot_option local.',
  },
  DISK_SECTOR_SIZE_MISMATCH: {
    status: 400,
    retry: false,
    cause: 'The partition table of the image counts in other sectors than the disk has.',
    next: 'Build the image for the sector size of the disk, or deploy a partition image.',
  },
  CONFIG_DRIVE_TOO_LARGE: {
    status: 400,
    retry: false,
    cause: 'The config drive is larger than 64 MiB.',
    next: 'Put less into the config drive.',
  },
  CONFIG_DRIVE_INVALID: {
    status: 400,
    retry: false,
    cause: 'What was given as a config drive holds no file system that a machine could read.',
    next: 'Give base64 of a gzipped ISO 9660 image, a URL of that, or a JSON object with the parts.',
  },
  EPHEMERAL_NOT_FOUND: {
    status: 400,
    retry: false,
    cause: 'The ephemeral partition shall be preserved, and the disk has none at its place.',
    next: 'Ask for the same sizes as at the deploy before, or set preserve_ephemeral to false.',
  },
  WRITE_SOURCE_CHANGED: {
    status: 409,
    retry: true,
    cause: 'A file that the disk is written from was changed or removed after the plan was made.',
    next: 'Deploy again, and leave the image alone meanwhile.',
  },
  WRITE_DISK_CHANGED: {
    status: 409,
    retry: false,
    cause: 'The disk that is to be written is not the one that the plan was made for.',
    next: 'Check which disk the ramdisk exports, and deploy again.',
  },
  WRITE_NO_PROGRESS: {
    status: 504,
    retry: true,
    cause: 'The target lost its session again and again before anything was on stable storage.',
    next: "Check the network to the node, its disk, and the node's serial console.",
  },
} as const satisfies ErrorRows;
