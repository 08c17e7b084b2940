import { asksAsFirmware, textOf, type TimelineEntry } from '../timeline/entry.ts';
import type { Boot } from './boot.ts';
import { followedAnother } from './followedAnother.ts';
import type { Finding, Rule } from './rule.ts';
import { FETCHING } from './rulesTransfer.ts';

const AT_DHCP = ['dhcp'];

/** Firmware's messages of one kind since the last transfer. */
function ofKind({ talk }: Boot, kind: string): readonly TimelineEntry[] {
  return talk.filter((entry) => entry.kind === kind && asksAsFirmware(entry));
}

/** What we said last to the firmware. */
function lastAnswer({ talk }: Boot): TimelineEntry | undefined {
  return talk.findLast(
    (entry) => asksAsFirmware(entry) && /^dhcp\.(?:offer|ack|nak)$/.test(entry.kind),
  );
}

/** The last answer named no boot file, for such a reason. */
function noBootFile(reason: RegExp): (boot: Boot) => Finding | undefined {
  return (boot) => {
    const said = ofKind(boot, 'dhcp.offer').concat(ofKind(boot, 'dhcp.ack')).at(-1);
    const why = said ? textOf(said, 'no_boot_file') : '';
    return said && reason.test(why) ? { evidence: [said], words: { why } } : undefined;
  };
}

/** Offers with an address that no REQUEST followed. */
function unanswered(boot: Boot): readonly TimelineEntry[] {
  const acked = boot.talk.findLastIndex(({ kind }) => /^dhcp\.(?:ack|nak|foreign)$/.test(kind));
  return boot.talk
    .slice(acked + 1)
    .filter((entry) => entry.kind === 'dhcp.offer' && asksAsFirmware(entry));
}

/** The servers that the last search for others found. */
function foreignServers({ strangers, talk }: Boot): TimelineEntry | undefined {
  const since = talk[0]?.id ?? 0;
  const last = strangers.findLast(({ kind }) => kind === 'dhcp.foreign');
  const { servers } = last?.data ?? {};
  // Found before this boot counts as well, unless it was seen to be gone.
  return Array.isArray(servers) && servers.length > 0 && since > 0 ? last : undefined;
}

/** Reasons while the firmware asks for its address and boot file. */
export const DHCP_RULES: readonly Rule[] = [
  {
    code: 'NO_SUBNET',
    title: 'The DISCOVER comes through a relay that no subnet is configured for',
    certainty: 'certain',
    pattern: 'The last DISCOVER was not answered, as no subnet holds the address of its relay.',
    cause: 'dhcp.subnets has no network with the address of the relay, {relay}.',
    confirm: 'grep -A3 cidr in the configuration of the conductor',
    fix: 'Add the subnet of the relay to dhcp.subnets, and restart the conductor.',
    places: ['dhcp', 'firmware'],
    find: ({ talk }) => {
      const last = talk.findLast(({ kind }) => kind === 'dhcp.discover');
      if (last === undefined || !last.message.includes('no subnet is configured')) return undefined;
      return { evidence: [last], words: { relay: textOf(last, 'relay') } };
    },
  },
  {
    code: 'ADDRESSES_EXHAUSTED',
    title: 'No address is free',
    certainty: 'certain',
    pattern: 'The last DISCOVER got no address: the range is used up.',
    cause: 'All addresses between range_start and range_end of {subnet} are leased or put aside.',
    confirm: 'ironpxe node events {node}',
    fix: 'Widen range_start and range_end of the subnet, or shorten lease_seconds; restart the conductor.',
    places: AT_DHCP,
    find: (boot) => {
      const last = lastAnswer(boot);
      if (last?.data['exhausted'] !== true) return undefined;
      return { evidence: [last], words: { subnet: textOf(last, 'subnet') } };
    },
  },
  {
    code: 'LOADER_NOT_INSTALLED',
    title: 'The boot loader for this firmware is not installed',
    certainty: 'certain',
    pattern: 'No boot file was named, as the loader is missing on this host.',
    cause: 'The machine is told no boot file: {why}',
    confirm: 'ironpxe doctor --config FILE',
    fix: 'Install the package that is named, and restart the conductor.',
    places: AT_DHCP,
    find: noBootFile(/ is missing: /),
  },
  {
    code: 'ARCHITECTURE_UNKNOWN',
    title: 'There is no boot loader for the architecture of this firmware',
    certainty: 'certain',
    pattern: 'No boot file was named, as no loader is known for option 93 of the machine.',
    cause: 'The machine is told no boot file: {why}.',
    confirm: 'ironpxe node events {node} --json',
    fix: 'Let the firmware boot in another mode (UEFI or BIOS), or by iPXE.',
    places: AT_DHCP,
    find: noBootFile(/^no boot loader for architecture/),
  },
  {
    code: 'ROGUE_DHCP',
    title: 'The machine follows another DHCP server',
    certainty: 'certain',
    pattern:
      "The machine's REQUEST named another server, and nothing of ours was taken or fetched since.",
    cause: 'The DHCP server {server} answers on the network of the machine, and is quicker.',
    confirm: 'ironpxe doctor --config FILE',
    fix: 'Take {server} off this network, or set dhcp.mode: proxy to live beside it.',
    places: ['dhcp', 'firmware', ...FETCHING],
    find: (boot) => {
      const took = followedAnother(boot);
      return took && { evidence: [took], words: { server: textOf(took, 'server') } };
    },
  },
  {
    code: 'FOREIGN_DHCP',
    title: 'Another DHCP server answers on the network',
    certainty: 'likely',
    pattern: 'Our offers were not taken, and a search found another DHCP server on the wire.',
    cause: 'The machine probably takes the offer of {server}; its REQUEST does not come by here.',
    confirm: 'ironpxe doctor --config FILE',
    fix: 'Take {server} off this network, or set dhcp.mode: proxy to live beside it.',
    places: AT_DHCP,
    find: (boot) => {
      const found = foreignServers(boot);
      const offers = unanswered(boot);
      if (found === undefined || offers.length === 0) return undefined;
      const { servers } = found.data;
      const server = Array.isArray(servers) ? servers.join(', ') : '';
      return { evidence: [offers.at(-1), found], words: { server } };
    },
  },
  {
    code: 'ADDRESS_IN_USE',
    title: 'The addresses that are offered are in use already',
    certainty: 'likely',
    pattern: 'The machine declined addresses, or they answered before they were offered; twice.',
    cause:
      'Hosts with fixed addresses, or another DHCP server, use addresses of the range that is leased.',
    confirm: 'ip neigh, on this host: which MACs have these addresses?',
    fix: 'Give range_start and range_end a range that nobody else uses, and restart the conductor.',
    places: AT_DHCP,
    find: ({ talk }) => {
      const used = talk.filter(({ kind }) => kind === 'dhcp.decline' || kind === 'dhcp.conflict');
      const acked = talk.findLast(({ kind }) => kind === 'dhcp.ack');
      const last = used.at(-1);
      if (used.length < 2 || (acked && last && acked.id > last.id)) return undefined;
      return { evidence: used };
    },
  },
  {
    code: 'DHCP_REFUSED',
    title: 'The machine insists on an address that is not its own',
    certainty: 'likely',
    pattern: 'REQUESTs were refused, more than once, and none was granted since.',
    cause: 'The machine asks for an address of another network or machine: {why}',
    confirm: 'ironpxe node events {node}',
    fix: 'Look for a second DHCP server, and for another machine with the same MAC.',
    places: AT_DHCP,
    find: (boot) => {
      const naks = ofKind(boot, 'dhcp.nak');
      const last = naks.at(-1);
      if (naks.length < 2 || last !== lastAnswer(boot)) return undefined;
      return { evidence: naks, words: { why: last?.message ?? '' } };
    },
  },
  {
    code: 'OFFER_LOST',
    title: 'Our offers do not arrive',
    certainty: 'likely',
    pattern:
      'The machine sent DISCOVER after DISCOVER, each was offered an address and a boot file, none was taken.',
    cause:
      'DHCP from this host to the machine is dropped on the way: a firewall, a relay that does not let answers back, or a switch that filters DHCP servers (DHCP snooping).',
    confirm: 'tcpdump -ni any port 67 or port 68, here and on the port of the machine',
    fix: 'Trust the port of this host in the switch, and let UDP 67 and 68 pass; then deploy again.',
    places: AT_DHCP,
    find: (boot) => {
      const offers = unanswered(boot);
      // Firmware that boots passes over an offer without a boot file.
      const whole = offers.every(
        (one) => one.data['address'] !== undefined && textOf(one, 'boot_file') !== '',
      );
      if (offers.length < 2 || !whole) return undefined;
      return { evidence: [offers[0], offers.at(-1), 'no REQUEST of the machine in between'] };
    },
  },
  {
    code: 'PROXY_OFFER_UNUSED',
    title: 'The machine does not use the boot file that it is told beside another DHCP server',
    certainty: 'narrowed',
    pattern: 'As proxyDHCP we named a boot file more than once, and nothing was fetched.',
    cause:
      'The other DHCP server gives no address, names a boot file of its own, or our answers do not arrive.',
    confirm: 'tcpdump -ni any port 67 or port 68 or port 4011',
    fix: 'Remove next-server and filename from the other server, and see that it serves this network.',
    places: AT_DHCP,
    find: (boot) => {
      const offers = unanswered(boot);
      if (offers.length < 2 || offers.some((one) => one.data['address'] !== undefined))
        return undefined;
      return { evidence: [offers[0], offers.at(-1), 'no transfer since then'] };
    },
  },
  {
    code: 'TRANSFER_NEVER_BEGAN',
    title: 'The machine has its address, and fetches nothing',
    certainty: 'likely',
    pattern: 'The lease was confirmed with a boot file, and no transfer was asked for.',
    cause:
      'Requests for {file} do not arrive: UDP 69 (TFTP) or the TCP port of HTTP boot is closed by a firewall, or the address of the boot server is not reached from there.',
    confirm: 'ironpxe doctor --config FILE',
    fix: 'Let UDP 69 and the boot_http listen port pass from the network of the machine; check next_server and http_url of its subnet.',
    places: AT_DHCP,
    find: (boot) => {
      const last = lastAnswer(boot);
      if (last?.kind !== 'dhcp.ack' || textOf(last, 'boot_file') === '') return undefined;
      return {
        evidence: [last, 'no request for a file since then'],
        words: { file: textOf(last, 'boot_file') },
      };
    },
  },
];
