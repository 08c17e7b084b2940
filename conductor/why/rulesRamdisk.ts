import { asksAsRamdisk, type TimelineEntry } from '../timeline/entry.ts';
import { stageIndex } from '../timeline/stages.ts';
import type { Boot } from './boot.ts';
import type { Finding, Rule } from './rule.ts';
import { failure } from './rulesDisk.ts';

const TRANSFERS = ['kernel', 'ramdisk', 'ramdisk_boot', 'system'];

/** The end of the ramdisk's transfer, where the machine is on the way to our ramdisk. */
function fetched(boot: Boot, role: string): TimelineEntry | undefined {
  const { entryId } =
    boot.transfers.findLast((one) => one.role === role && one.status === 'done') ?? {};
  return boot.since.find(({ id }) => id === entryId);
}

function bad(role: string, prefix: '' | 'deploy_'): (boot: Boot) => Finding | undefined {
  const name = `${prefix}${role}`;
  return (boot) => {
    const found = boot.badFiles[name];
    const done = fetched(boot, name);
    if (found === undefined || done === undefined) return undefined;
    return { evidence: [done, `${name} begins with ${found}`], words: { found, file: name } };
  };
}

function either(
  first: (boot: Boot) => Finding | undefined,
  second: (boot: Boot) => Finding | undefined,
): (boot: Boot) => Finding | undefined {
  return (boot) => first(boot) ?? second(boot);
}

const NO_CALL = 'no call-back of a ramdisk since then';

/** DHCP of the ramdisk since the last start. */
function ramdiskTalk({ since }: Boot): readonly TimelineEntry[] {
  return since.filter(asksAsRamdisk);
}

/** Starts of the machine that nobody asked for, after it had fetched its ramdisk. */
function findRestarts(boot: Boot): Finding | undefined {
  const { phases, entries } = boot;
  const restarts = phases.filter(
    ({ name, startedAtMs }, index) =>
      name === 'dhcp' &&
      stageIndex(phases[index - 1]?.name ?? '') >= stageIndex('ramdisk_boot') &&
      startedAtMs > 0,
  );
  if (restarts.length < 2) return undefined;
  const evidence = restarts.map(({ startedAtMs }) =>
    entries.find(({ kind, at }) => kind === 'dhcp.discover' && Date.parse(at) === startedAtMs),
  );
  return { evidence, words: { times: String(restarts.length) } };
}

/** Reasons between the transfer of the ramdisk and its call-back. */
export const RAMDISK_RULES: readonly Rule[] = [
  {
    code: 'KERNEL_INVALID',
    title: 'The kernel file is no Linux kernel',
    certainty: 'certain',
    pattern: 'The kernel was fetched, and its first bytes are not those of a Linux kernel.',
    cause: 'The file {file} begins with {found}; a boot loader cannot start it.',
    confirm: 'file the kernel that ironpxe node show {node} names',
    fix: 'Give the node the kernel that belongs to its ramdisk, then deploy again.',
    places: TRANSFERS,
    find: either(bad('kernel', 'deploy_'), bad('kernel', '')),
  },
  {
    code: 'RAMDISK_INVALID',
    title: 'The ramdisk file is no initramfs',
    certainty: 'certain',
    pattern: 'The ramdisk was fetched, and its first bytes are not those of an archive.',
    cause: 'The file {file} begins with {found}; a kernel cannot unpack it.',
    confirm: 'file the ramdisk that ironpxe node show {node} names',
    fix: 'Give the node the ramdisk that belongs to its kernel, then deploy again.',
    places: TRANSFERS,
    find: either(bad('ramdisk', 'deploy_'), bad('ramdisk', '')),
  },
  {
    code: 'CALLBACK_REFUSED',
    title: 'A ramdisk called back with the key of another deploy',
    certainty: 'certain',
    pattern: 'A call-back came with a wrong deploy key, and none with the right one.',
    cause:
      'The machine runs the ramdisk of an earlier deploy, or another machine pretends to be this one.',
    confirm: 'ironpxe node events {node}',
    fix: 'Power the machine off and on: ironpxe node power {node} rebooting',
    places: ['ramdisk_boot', 'ramdisk', 'kernel', 'loader', 'dhcp', 'firmware'],
    find: ({ since }) => {
      const wrong = since.findLast(
        ({ kind, message }) => kind === 'ramdisk.error' && message.includes('wrong deploy key'),
      );
      return wrong && { evidence: [wrong] };
    },
  },
  {
    code: 'RAMDISK_RESTARTS',
    title: 'The machine starts its ramdisk again and again',
    certainty: 'likely',
    pattern: 'After it fetched its ramdisk, the machine asked for PXE again, more than once.',
    cause:
      'The kernel or the ramdisk dies and the machine resets ({times} times): too little memory, a kernel that does not fit, or a watchdog.',
    confirm: 'the serial console of the machine while it boots',
    fix: 'Give the machine more memory or another kernel and ramdisk, then deploy again.',
    places: ['dhcp', 'loader', 'kernel', 'ramdisk', 'ramdisk_boot'],
    find: findRestarts,
  },
  {
    code: 'CALLBACK_BLOCKED',
    title: 'The ramdisk runs, and its call-back does not arrive',
    certainty: 'likely',
    pattern: 'The ramdisk took a lease, and then called nobody.',
    cause:
      'HTTP from the provisioning network to boot_http.url does not pass: a firewall on the way, or the address is not the one of this conductor.',
    confirm: 'from the provisioning network: curl -i the boot_http.url of the configuration',
    fix: 'Let TCP to the boot_http listen port pass, or correct boot_http.url, then deploy again.',
    places: ['ramdisk_boot'],
    find: (boot) => {
      const ack = ramdiskTalk(boot).findLast(({ kind }) => kind === 'dhcp.ack');
      return ack && { evidence: [fetched(boot, 'deploy_ramdisk'), ack, NO_CALL] };
    },
  },
  {
    code: 'RAMDISK_OFFER_LOST',
    title: 'The ramdisk asks by DHCP, and our offers do not arrive',
    certainty: 'likely',
    pattern: 'The ramdisk sent DISCOVERs, and took none of the offers.',
    cause:
      'The port of the switch drops packets while it comes up again (spanning tree), or a firewall drops DHCP to the machine.',
    confirm: 'tcpdump -ni any port 67 or port 68, on this host and on the port of the switch',
    fix: 'Set the port of the switch to edge (portfast), then deploy again.',
    places: ['ramdisk_boot'],
    find: (boot) => {
      const offers = ramdiskTalk(boot).filter(({ kind }) => kind === 'dhcp.offer');
      if (offers.length < 2) return undefined;
      return { evidence: [offers[0], offers.at(-1), 'no REQUEST of the ramdisk since then'] };
    },
  },
  {
    code: 'RAMDISK_NO_NETWORK',
    title: 'The ramdisk never used the network',
    certainty: 'narrowed',
    pattern: 'Kernel and ramdisk were fetched in whole, and the ramdisk sent no DISCOVER.',
    cause:
      'The ramdisk has no driver for the network card, or its kernel did not start (memory, Secure Boot, console that hangs).',
    confirm: 'the serial console of the machine: does it show "ironpxe-ramdisk: stage=network"?',
    fix: 'Build the ramdisk with the driver: npm run build:ramdisk -- --module NAME',
    places: ['ramdisk_boot'],
    find: (boot) => {
      // Only where our own DHCP serves would its DISCOVER be seen.
      const served = boot.since.some(({ kind }) => kind === 'dhcp.ack');
      if (!served || ramdiskTalk(boot).length > 0) return undefined;
      return { evidence: [fetched(boot, 'deploy_ramdisk'), 'no DHCP of a ramdisk since then'] };
    },
  },
  {
    code: 'NOTHING_CAME_BACK',
    title: 'Kernel and ramdisk were fetched, and nothing came back',
    certainty: 'narrowed',
    pattern: 'Another DHCP server serves the machine; the ramdisk was fetched and never called.',
    cause:
      'The kernel did not start, the ramdisk has no driver for the network card, or its call-back is blocked by a firewall.',
    confirm: 'the serial console of the machine',
    fix: 'Let HTTP from the provisioning network to boot_http.url pass; or build the ramdisk with more drivers.',
    places: ['ramdisk_boot'],
    find: (boot) => {
      const done = fetched(boot, 'deploy_ramdisk');
      const served = boot.since.some(({ kind }) => kind === 'dhcp.ack');
      return done && !served ? { evidence: [done, failure(boot), NO_CALL] } : undefined;
    },
  },
];
