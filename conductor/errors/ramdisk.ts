import type { ErrorRows } from './row.ts';

/** Failures of the commands that the deploy ramdisk takes. */
export const RAMDISK_ERRORS = {
  RAMDISK_CLASSIC: {
    status: 409,
    retry: false,
    cause: 'The ramdisk that called back is a classic one: it exports its disk and nothing else.',
    next: 'Let the node boot the ironpxe ramdisk: pxe.deploy_ramdisk, or driver_info/deploy_ramdisk of the node.',
  },
  RAMDISK_UNREACHABLE: {
    status: 500,
    retry: true,
    cause: 'The ramdisk called back, and then could not be reached on port 10000, or fell silent.',
    next: 'Look at the console of the machine; it may have lost power or its network.',
  },
  RAMDISK_NOT_AUTHENTIC: {
    status: 400,
    retry: false,
    cause: 'Whoever calls back or answers on port 10000 does not know the keys of this deploy.',
    next: 'Look for another machine with the same address; power cycle the node.',
  },
  RAMDISK_COMMAND_REFUSED: {
    status: 400,
    retry: false,
    cause: 'The ramdisk, or the disk, cannot do what was asked for.',
    next: 'Read its message; ask for something that this hardware can do.',
  },
  RAMDISK_COMMAND_FAILED: {
    status: 500,
    retry: true,
    cause: 'The ramdisk tried what was asked for, and it failed.',
    next: 'Read its message; the serial console of the machine shows more.',
  },
  RAMDISK_REBOOTED: {
    status: 500,
    retry: true,
    cause: 'The machine started again in the middle of the work, more often than is put up with.',
    next: 'Check its power supply and its console.',
  },
  VERIFY_FAILED: {
    status: 500,
    retry: true,
    cause: 'The disk does not return what was written to it, not even after it was written again.',
    next: 'Replace the disk, or choose another one with properties/root_device.',
  },
  VERIFY_UNKNOWN_CONTENT: {
    status: 409,
    retry: false,
    cause: 'Nothing is kept of what was written to the disk, so it cannot be compared.',
    next: 'Deploy the node with a ramdisk that takes commands and verify other than off.',
  },
} as const satisfies ErrorRows;
