import type { ErrorRows } from './row.ts';

/** Failures of deploys and of the machines in them. */
export const DEPLOY_ERRORS = {
  DEPLOY_KEY_MISMATCH: {
    status: 400,
    retry: false,
    cause: 'The call-back carries a key of another deploy, or a forged one.',
    next: 'Power cycle the node so that it boots the ramdisk of the present deploy.',
  },
  DEPLOY_NOT_WAITING: {
    status: 400,
    retry: false,
    cause: 'No deploy of this node waits for a call-back.',
    next: 'Start a deploy; a machine that boots the ramdisk without one is left alone.',
  },
  DEPLOY_PARAMETER_MISSING: {
    status: 400,
    retry: false,
    cause: 'The node lacks a field that a deploy needs.',
    next: 'Set the field that the message names.',
  },
  DEPLOY_PARAMETER_INVALID: {
    status: 400,
    retry: false,
    cause: 'A field of the node has a value that a deploy cannot use.',
    next: 'Correct the field that the message names.',
  },
  POWER_TIMEOUT: {
    status: 500,
    retry: true,
    cause: 'The machine, or what switches it, does not answer in time.',
    next: 'Try "ironpxe node power NODE status"; check the host that switches the machine.',
  },
  CALLBACK_TIMEOUT: {
    status: 500,
    retry: true,
    cause:
      'The machine did not boot the deploy ramdisk, or the ramdisk cannot reach the conductor.',
    next: 'See "ironpxe node events NODE" for how far the netboot came.',
  },
  DISK_UNSUPPORTED: {
    status: 500,
    retry: false,
    cause: 'The disk of the machine has a property that ironpxe cannot work with.',
    next: 'Choose another disk with properties/root_device.',
  },
  RAMDISK_ERROR: {
    status: 500,
    retry: true,
    cause: 'The deploy ramdisk could not do its part.',
    next: 'Read its message; the serial console of the machine shows more.',
  },
  RELEASE_FAILED: {
    status: 500,
    retry: true,
    cause:
      'The disk is written, but the machine neither took the signal on port 10000 nor let itself be power cycled.',
    next: 'Power cycle the machine by hand: it boots its own system.',
  },
  BOOT_NOT_SEEN: {
    status: 500,
    retry: true,
    cause:
      'The disk is written and the machine was released, but it did not come to fetch its kernel.',
    next: 'Look at its console; check that it boots from the network first.',
  },
  OPERATION_CANCELLED: {
    status: 409,
    retry: false,
    cause: 'Another verb ended this operation.',
    next: 'Nothing needs to be done.',
  },
} as const satisfies ErrorRows;
