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
  ENROLL_UNWANTED: {
    status: 404,
    retry: false,
    cause: 'The machine is a port of no node, and machines may not enroll themselves.',
    next: 'Enroll it ("ironpxe node enroll"), or set inspect.enroll_unknown.',
  },
  ENROLL_LIMIT: {
    status: 503,
    retry: true,
    cause: 'As many machines as may be have enrolled themselves and were not looked at yet.',
    next: 'Manage or delete nodes in the state enroll, or raise inspect.enroll_limit.',
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
  BOOT_LOADER_FAILED: {
    status: 500,
    retry: true,
    cause: 'The ramdisk did not install the boot loader that is in the image.',
    next: 'Read its message; deploy with boot_option "netboot", or add GRUB to the image.',
  },
  BOOT_LOADER_UNSUPPORTED: {
    status: 400,
    retry: false,
    cause: 'The root partition cannot be mounted to install the boot loader that is in the image.',
    next: 'Use a ramdisk built with --local-boot, another file system, or boot_option "netboot".',
  },
  BOOT_NOT_SEEN: {
    status: 500,
    retry: true,
    cause:
      'The disk is written and the machine was released, but it did not come to fetch its kernel.',
    next: 'Look at its console; check that it boots from the network first.',
  },
  STEP_UNKNOWN: {
    status: 400,
    retry: false,
    cause:
      'The driver of the node, or its deploy ramdisk, has no such clean, deploy or service step.',
    next: 'Use one of the steps that the message lists.',
  },
  STEP_INVALID: {
    status: 400,
    retry: false,
    cause: 'A clean, deploy or service step was asked for with what it cannot use.',
    next: 'Correct the argument or priority that the message names.',
  },
  INSPECTION_NO_ROOT_DISK: {
    status: 500,
    retry: false,
    cause: 'The root device hints of the node do not name exactly one disk of the machine.',
    next: 'Correct properties/root_device by the disks that the message lists.',
  },
  CONDUCTOR_STOPPED: {
    status: 500,
    retry: true,
    cause: 'The conductor was killed between ending one verb and beginning the next.',
    next: 'Ask for the verb again.',
  },
  OPERATION_ABORTED: {
    status: 409,
    retry: false,
    cause: 'Somebody asked for it to be aborted.',
    next: 'Make the node manageable to go on with it, or ask for the verb again.',
  },
  OPERATION_CANCELLED: {
    status: 409,
    retry: false,
    cause: 'Another verb ended this operation.',
    next: 'Nothing needs to be done.',
  },
  AGENT_TOKEN_INVALID: {
    status: 400,
    retry: false,
    cause: 'The agent does not have the token that the first look-up of this boot was given.',
    next: 'Reboot the machine, so that its agent looks up again.',
  },
  AGENT_URL_CHANGED: {
    status: 400,
    retry: false,
    cause: 'An agent reported under another address than before.',
    next: 'Reboot the machine; find out whether another machine uses its token.',
  },
  PXE_NOT_SEEN: {
    status: 504,
    retry: true,
    cause:
      'The BMC took the boot device and the power commands, but the machine never asked to boot from the network.',
    next: "Look at the machine's console: is its NIC in the boot order, is network boot enabled, is the cable in, is another boot device chosen?",
  },
} as const satisfies ErrorRows;
