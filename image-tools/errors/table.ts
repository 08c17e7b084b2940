import { GLANCE_ERRORS } from '../glance/errors.ts';

/** One kind of failure that a user of the image tools can meet. */
export type ImageErrorRow = {
  /** The exit status of `atomic-to-pxe`: 2 usage, 3 the input, 4 this host, 5 the output, 6 OpenStack. */
  readonly exitStatus: 2 | 3 | 4 | 5 | 6 | 130;
  /** What it usually means, in a sentence. */
  readonly cause: string;
  /** What to do next, in a sentence. */
  readonly next: string;
};

const USAGE = {
  USAGE: {
    exitStatus: 2,
    cause: 'The command line does not say what to do.',
    next: 'See "atomic-to-pxe --help".',
  },
} as const satisfies Record<string, ImageErrorRow>;

const INPUT = {
  SOURCE_UNREADABLE: {
    exitStatus: 3,
    cause: 'The source image does not exist or may not be read.',
    next: 'Check the path and the permissions.',
  },
  SOURCE_NOT_AN_IMAGE: {
    exitStatus: 3,
    cause: 'The file is neither qcow2 nor a raw disk with a partition table.',
    next: 'Give the qcow2 or raw disk image as its publisher offers it, unpacked.',
  },
  SOURCE_REFERS_ELSEWHERE: {
    exitStatus: 3,
    cause:
      'The image names another file (backing or external data file), which could be any file of this host.',
    next: 'If you trust the image, flatten it first with "qemu-img convert" and give the result.',
  },
  SOURCE_ENCRYPTED: {
    exitStatus: 3,
    cause: 'The image or its root is encrypted.',
    next: 'Decrypt it first; a netbooted node has nobody to ask for a pass phrase.',
  },
  SOURCE_DAMAGED: {
    exitStatus: 3,
    cause: 'The image is truncated or corrupt.',
    next: "Fetch it again and compare its checksum with the publisher's.",
  },
  SOURCE_ABSURD: {
    exitStatus: 3,
    cause: 'The header of the image or a partition table makes a claim that cannot be true.',
    next: 'Fetch the image again; if it stays so, do not trust it.',
  },
  NO_ROOT: {
    exitStatus: 3,
    cause: 'No root file system was recognised in the image.',
    next: 'Look at the layout in the message; unusual layouts are listed in docs/image-tools.md.',
  },
  SEVERAL_ROOTS: {
    exitStatus: 3,
    cause: 'More than one root file system is in the image.',
    next: 'Choose one of those in the message with --root.',
  },
  NO_KERNEL: {
    exitStatus: 3,
    cause: 'No boot entry with a kernel and a ramdisk was found in /boot.',
    next: 'Check that the image is a bootable system; a container image has no kernel.',
  },
  NO_SUCH_DEPLOYMENT: {
    exitStatus: 3,
    cause: 'The image has fewer boot entries than --deployment asks for.',
    next: 'Run again with --inspect to see the boot entries and their numbers.',
  },
  BOOT_ENTRY_UNSAFE: {
    exitStatus: 3,
    cause:
      'A boot entry or fstab of the image is a symbolic link, or holds characters that no boot loader may pass on.',
    next: 'Repair the image, or do not trust it.',
  },
  APPLIANCE_NEEDED: {
    exitStatus: 3,
    cause: 'Without the appliance, only what can be proved safe is changed in place.',
    next: 'Run again without --no-appliance.',
  },
  CANNOT_SHRINK: {
    exitStatus: 3,
    cause: 'The root file system cannot be made smaller by this tool.',
    next: 'Leave out --shrink; holes in the image cost no transfer in any case.',
  },
} as const satisfies Record<string, ImageErrorRow>;

const HOST = {
  PROGRAM_MISSING: {
    exitStatus: 4,
    cause: 'A program that the image tools need is not installed on this host.',
    next: 'Install the distribution package that the message names.',
  },
  PROGRAM_FAILED: {
    exitStatus: 4,
    cause: 'A program that the image tools started ended with an error.',
    next: 'Read its output in the message; run the command by hand to see more.',
  },
  PROGRAM_TIMED_OUT: {
    exitStatus: 4,
    cause: 'A program that the image tools started did not end in time and was stopped.',
    next: 'Check the load and the free space of this host, then run again.',
  },
  APPLIANCE_WILL_NOT_START: {
    exitStatus: 4,
    cause:
      'The appliance of libguestfs, the small virtual machine that reads file systems, could not start.',
    next: 'Read the kept output that the message names; --no-appliance works without it for simple images.',
  },
  APPLIANCE_KERNEL_MISSING: {
    exitStatus: 4,
    cause:
      'The appliance of libguestfs needs a Linux kernel, and none is installed or could be fetched.',
    next: 'Install linux-image-cloud-amd64, or set SUPERMIN_KERNEL and SUPERMIN_MODULES to an unpacked one.',
  },
  GUEST_COMMAND_FAILED: {
    exitStatus: 4,
    cause: 'A command of libguestfs failed on the image.',
    next: 'Read its message; a damaged file system needs a repair before conversion.',
  },
} as const satisfies Record<string, ImageErrorRow>;

const OUTPUT = {
  OUTPUT_FULL: {
    exitStatus: 5,
    cause: 'The file system of the output folder has too little space.',
    next: 'Free the space that the message names, or choose another --output.',
  },
  OUTPUT_BUSY: {
    exitStatus: 5,
    cause: 'Another conversion writes the same output now.',
    next: 'Wait for it, or choose another --name or --output.',
  },
  OUTPUT_EXISTS: {
    exitStatus: 5,
    cause:
      'Files of that name are there already, and they come from another image or other options.',
    next: 'Choose another --name, or replace them with --force.',
  },
  OUTPUT_CHANGED: {
    exitStatus: 5,
    cause: 'An output was changed or damaged after it was made.',
    next: 'Convert again with --force.',
  },
  OUTPUT_UNWRITABLE: {
    exitStatus: 5,
    cause: 'The output folder cannot be made or written.',
    next: 'Check the path and the permissions.',
  },
  INTERRUPTED: {
    exitStatus: 130,
    cause: 'The conversion was stopped from outside.',
    next: 'Nothing is left behind; run again.',
  },
} as const satisfies Record<string, ImageErrorRow>;

/** Every failure a user of the image tools can meet, by code. */
export const IMAGE_ERRORS = { ...USAGE, ...INPUT, ...HOST, ...OUTPUT, ...GLANCE_ERRORS } as const;

/** A code of the table. */
export type ImageErrorCode = keyof typeof IMAGE_ERRORS;
