import { textOf, type TimelineEntry } from '../timeline/entry.ts';
import type { Boot } from './boot.ts';
import type { Finding, Rule } from './rule.ts';

/** The entry that tells of the failure. */
export function failure({ entries }: Boot): TimelineEntry | undefined {
  return entries.findLast(({ kind }) => kind === 'step.failed' || kind === 'operation.ended');
}

/** Applies where the operation ended with one of these codes. */
export function onCode(...codes: readonly string[]): (boot: Boot) => Finding | undefined {
  return (boot) => (codes.includes(boot.errorCode) ? { evidence: [failure(boot)] } : undefined);
}

function calledBack({ entries }: Boot): TimelineEntry | undefined {
  return entries.findLast(({ kind }) => kind === 'ramdisk.callback');
}

/**
 * The codes with which the ramdisk was lost: that of the error, or, where it was booted again and
 * again, that of each time.
 */
function losses({ entries, errorCode, operation }: Boot): readonly string[] {
  if (errorCode !== 'RAMDISK_REBOOTED') return [errorCode];
  const told = entries.filter(({ kind }) => kind === 'ramdisk.rebooted');
  const last = operation.error?.replace(/^.*? times: /, '') ?? '';
  return [...told.map(({ message }) => message), last].map((text) => text.split(':', 1)[0] ?? '');
}

/** Whether a session with the disk was ever there: then no listening port is closed. */
function sawDisk({ entries }: Boot): TimelineEntry | undefined {
  return entries.findLast(({ kind }) => kind === 'iscsi.connected');
}

/** Applies where a ramdisk that called back was never reached, each time with one of these codes. */
function neverReached(...codes: readonly string[]): (boot: Boot) => Finding | undefined {
  return (boot) => {
    const callback = calledBack(boot);
    if (callback === undefined || sawDisk(boot) !== undefined) return undefined;
    if (!losses(boot).every((code) => codes.includes(code))) return undefined;
    const words = { address: textOf(callback, 'address') };
    return { evidence: [callback, failure(boot)], words };
  };
}

/** What a ramdisk that was reached is lost with. */
const LOSSES = [
  'ISCSI_TARGET_LOST',
  'ISCSI_COMMAND_TIMED_OUT',
  'ISCSI_CONNECT_FAILED',
  'ISCSI_CONNECT_TIMED_OUT',
  'RAMDISK_UNREACHABLE',
  'RAMDISK_REBOOTED',
  'WRITE_NO_PROGRESS',
];

function wentAway(boot: Boot): Finding | undefined {
  const callback = calledBack(boot);
  const reached = sawDisk(boot) ?? (boot.errorCode === 'RAMDISK_REBOOTED' ? callback : undefined);
  if (reached === undefined || !LOSSES.includes(boot.errorCode)) return undefined;
  return { evidence: [callback, reached === callback ? undefined : reached, failure(boot)] };
}

/** What the ramdisk reported, where that fits `pattern`. */
function reported(pattern: RegExp): (boot: Boot) => Finding | undefined {
  return (boot) => {
    const said = boot.entries.findLast(({ kind }) => kind === 'ramdisk.error');
    const matches = boot.errorCode === 'RAMDISK_ERROR' && said && pattern.test(said.message);
    return matches ? { evidence: [said], words: { said: said.message } } : undefined;
  };
}

/** Reasons after the ramdisk's call-back, and what the ramdisk says itself. */
export const DISK_RULES: readonly Rule[] = [
  {
    code: 'ISCSI_PORT_CLOSED',
    title: 'The iSCSI port of the ramdisk cannot be reached',
    certainty: 'likely',
    pattern: 'The ramdisk called back, and no TCP connection to its iSCSI port could be made.',
    cause:
      'TCP 3260 from this conductor to {address} is closed or filtered: a firewall between them, or the target of the ramdisk died.',
    confirm: 'nc -vz {address} 3260',
    fix: 'Let TCP 3260 and 10000 from the conductor to the provisioning network pass, then deploy again.',
    find: neverReached('ISCSI_CONNECT_FAILED', 'ISCSI_CONNECT_TIMED_OUT'),
  },
  {
    code: 'COMMAND_PORT_CLOSED',
    title: 'Port 10000 of the ramdisk cannot be reached',
    certainty: 'likely',
    pattern: 'The ramdisk called back, and its port 10000 does not answer.',
    cause:
      'TCP 10000 from this conductor to {address} is closed or filtered, or the ramdisk died after it called.',
    confirm: 'nc -vz {address} 10000',
    fix: 'Let TCP 10000 and 3260 from the conductor to the provisioning network pass, then deploy again.',
    find: neverReached('RAMDISK_UNREACHABLE'),
  },
  {
    code: 'TARGET_LOST',
    title: 'The machine went away while its disk was written',
    certainty: 'narrowed',
    pattern: 'The ramdisk was reached, then lost, and did not come back in time or was lost again.',
    cause: 'The machine lost its power, its network or its ramdisk in the middle of the work.',
    confirm: 'ironpxe node events {node}',
    fix: 'Look at the console of the machine, then: ironpxe node deploy {node}',
    find: wentAway,
  },
  {
    code: 'DISK_FAULT',
    title: 'The disk of the machine fails',
    certainty: 'certain',
    pattern: 'The disk answered with a medium or hardware error, or returned other data.',
    cause: 'The disk, its cable or its controller is broken, or the disk takes no writes.',
    confirm: 'smartctl -a on the machine, or the log of its BMC',
    fix: 'Replace the disk, or choose another one: root_device hints in the properties of the node.',
    find: onCode(
      'ISCSI_MEDIUM_ERROR',
      'ISCSI_HARDWARE_ERROR',
      'ISCSI_WRITE_PROTECTED',
      'VERIFY_FAILED',
    ),
  },
  {
    code: 'IMAGE_TOO_LARGE',
    title: 'The image does not fit',
    certainty: 'certain',
    pattern: 'The disk plan failed: image and partitions need more than there is.',
    cause: 'The image is larger than the root partition or the disk, or all partitions are.',
    confirm: 'ironpxe node show {node}',
    fix: 'Deploy with a larger --root-gb, a smaller image, or on a machine with a larger disk.',
    find: onCode(
      'IMAGE_LARGER_THAN_ROOT',
      'IMAGE_LARGER_THAN_DISK',
      'DISK_TOO_SMALL',
      'IMAGE_TOO_LARGE',
    ),
  },
  {
    code: 'NO_DISK',
    title: 'The ramdisk sees no disk',
    certainty: 'likely',
    pattern: 'The ramdisk reported that there is no disk that it could export.',
    cause:
      'The ramdisk has no driver for the disk controller, or the machine has no disk. It says: {said}',
    confirm: 'lspci -nn on the machine: which disk controller is there?',
    fix: 'Build the ramdisk with the driver: npm run build:ramdisk -- --module NAME',
    find: reported(/disks seen: none/),
  },
  {
    code: 'DISK_HINTS',
    title: 'The root device hints name no disk, or several',
    certainty: 'certain',
    pattern: 'The ramdisk reported that the hints do not match exactly one disk.',
    cause: 'The ramdisk says: {said}',
    confirm: 'ironpxe node show {node}',
    fix: 'Correct root_device in the properties of the node by the list of disks above.',
    find: reported(/[Rr]oot device hints/),
  },
  {
    code: 'DISK_NAMES',
    title: 'The machine has none of the disks that are looked for',
    certainty: 'certain',
    pattern: 'The ramdisk sees disks, and none has a name of pxe.disk_devices.',
    cause: 'The ramdisk says: {said}',
    confirm: 'ironpxe node show {node}',
    fix: 'Add the name to pxe.disk_devices, or give the node root_device hints.',
    find: reported(/^No disk of the list/),
  },
  {
    code: 'RAMDISK_REPORTED',
    title: 'The ramdisk reported an error',
    certainty: 'certain',
    pattern: 'The ramdisk called back with an error.',
    cause: 'The ramdisk says: {said}',
    confirm: 'ironpxe node events {node}',
    fix: 'Mend what the ramdisk says, then deploy again.',
    find: reported(/./),
  },
];
