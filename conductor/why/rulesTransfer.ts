import type { TimelineEntry } from '../timeline/entry.ts';
import type { Boot } from './boot.ts';
import { followedAnother, NO_LEASE } from './followedAnother.ts';
import type { Finding, Rule } from './rule.ts';

/** Places in which the machine fetches files. */
export const FETCHING = ['loader', 'kernel', 'ramdisk'];

/**
 * Files without which a boot cannot go on. Loaders also look for what need not be there (shim: its
 * revocations), and are refused without harm.
 */
const NEEDED =
  /(?:^|\/)(?:pxelinux\.0|ldlinux\.c32|bootx64\.efi|grubx64\.efi|grubaa64\.efi|boot\.ipxe|undionly\.kpxe|snponly\.efi|ipxe\.efi|(?:deploy_)?(?:kernel|ramdisk)|01(?:-[0-9a-f]{2}){6}|[0-9a-f:-]{17}(?:\.conf)?)$/i;

/** The failed transfer that the machine did not come over: its last one, if it fits. */
function lastFailed(boot: Boot, why: RegExp, needed?: true): Finding | undefined {
  const { lastTransfer: last } = boot;
  if (last === undefined || last.status !== 'failed' || !why.test(last.why ?? '')) return undefined;
  if (needed === true && !NEEDED.test(last.file)) return undefined;
  const words = { file: last.file, why: last.why ?? '', blksize: String(last.blksize ?? '') };
  return { evidence: [entryOf(boot, last.entryId)], words };
}

function entryOf(boot: Boot, id: number): TimelineEntry | undefined {
  return boot.entries.find((entry) => entry.id === id);
}

/** Reasons while boot files are fetched. */
export const TRANSFER_RULES: readonly Rule[] = [
  {
    code: 'LEASE_OF_ANOTHER',
    title: 'The machine fetches with an address that we did not lease to it',
    certainty: 'certain',
    pattern: "A node's file was refused: the client's address is not leased to the node.",
    cause:
      'The machine has its address from another DHCP server or kept an old one, so {file} is not given to it.',
    confirm: 'tcpdump -ni any -e port 67 or port 68',
    fix: 'Take the other DHCP server off this network, or use dhcp.mode proxy beside it.',
    places: FETCHING,
    // Where the server was seen, it has a rule of its own.
    find: (boot) => (followedAnother(boot) ? undefined : lastFailed(boot, NO_LEASE)),
  },
  {
    code: 'FILE_MISSING',
    title: 'A boot file is missing on the conductor',
    certainty: 'certain',
    pattern: 'A file that the boot needs was asked for, is not there, and nothing followed.',
    cause: 'The machine asked for {file}: {why}.',
    confirm: 'ironpxe doctor --config FILE',
    fix: 'Install the package of the boot loader, or restore the file, then deploy again.',
    places: FETCHING,
    find: (boot) =>
      lastFailed(boot, /^there is no |not on the conductor any more|cannot be opened/, true),
  },
  {
    code: 'TFTP_LOSS',
    title: 'A TFTP transfer broke off: packets are lost',
    certainty: 'likely',
    pattern: 'The client stopped acknowledging, the server sent again in vain, nothing followed.',
    cause:
      'Datagrams of {blksize} bytes or their acknowledgements do not arrive: a lossy link, an MTU below 1500 on the way, or a firewall that lets only the first packet pass. A machine that was switched off in the middle looks the same.',
    confirm: 'ping -M do -s 1472 with the address of the machine, from this host',
    fix: 'Mend the link or its MTU; or boot by HTTP: driver_info/ipxe_enabled=true, then deploy again.',
    places: FETCHING,
    find: (boot) =>
      boot.lastTransfer?.protocol === 'tftp'
        ? lastFailed(boot, /no answer from the client/)
        : undefined,
  },
  {
    code: 'TRANSFER_ABORTED',
    title: 'The machine broke off a transfer',
    certainty: 'narrowed',
    pattern: 'The client itself ended a transfer that was under way, and nothing followed.',
    cause:
      'The firmware or loader gave {file} up: too large for its memory, a fault of its network driver, or the machine was switched off.',
    confirm: 'the console of the machine: it shows the error of its loader',
    fix: 'Use a smaller ramdisk, or another loader: driver_info/ironpxe_loader=ipxe_drivers',
    places: FETCHING,
    find: (boot) => lastFailed(boot, /the client (?:stopped|broke)/, true),
  },
  {
    code: 'KERNEL_REJECTED',
    title: 'The kernel was fetched, and the ramdisk was never asked for',
    certainty: 'narrowed',
    pattern: 'The transfer of the kernel ended well, and none of the ramdisk began.',
    cause:
      'The loader does not take the kernel: not signed for Secure Boot, made for another architecture, or too large for the memory.',
    confirm: 'the console of the machine: it shows the error of its loader',
    fix: 'Switch Secure Boot off or use a signed kernel of the architecture of the machine.',
    places: ['kernel'],
    find: (boot) => {
      const { lastTransfer: last } = boot;
      if (last?.status !== 'done' || !last.role.endsWith('kernel')) return undefined;
      return {
        evidence: [entryOf(boot, last.entryId), 'no request for the ramdisk since then'],
      };
    },
  },
];
