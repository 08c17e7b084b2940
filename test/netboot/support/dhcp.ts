import {
  dhcpConfig,
  type DhcpConfig,
  type DhcpOptions,
} from '../../../conductor/netboot/dhcp/config.ts';
import { OPTION } from '../../../conductor/netboot/dhcp/codes.ts';
import { decide, type DhcpDecision } from '../../../conductor/netboot/dhcp/decide.ts';
import { lookUp } from '../../../conductor/netboot/dhcp/lookup.ts';
import { ipv4Bytes } from '../../../conductor/netboot/dhcp/options.ts';
import { decodePacket, type DhcpPacket } from '../../../conductor/netboot/dhcp/packet.ts';
import { subnetOf } from '../../../conductor/netboot/dhcp/subnet.ts';
import type { NetbootFacts } from '../../../conductor/netboot/facts.ts';
import type { Ipv4 } from '../../../conductor/values/ipv4.ts';
import { captured } from './vectors.ts';

export const ip = (text: string): Ipv4 => text as Ipv4;
export const SERVER = ip('192.0.2.1');
export const NOW_MS = 1_000_000;

/** One local and one relayed subnet. */
export const OPTIONS: DhcpOptions = {
  listenAddress: ip('0.0.0.0'),
  serverAddress: SERVER,
  unknownMachines: 'answer',
  subnets: [
    {
      cidr: '192.0.2.0/24',
      rangeStart: ip('192.0.2.10'),
      rangeEnd: ip('192.0.2.12'),
      gateway: ip('192.0.2.254'),
      dns: [ip('192.0.2.53')],
      domain: 'lab.test',
      leaseSeconds: 600,
      httpUrl: 'http://192.0.2.1:8080',
    },
    {
      cidr: '198.51.100.0/24',
      rangeStart: ip('198.51.100.10'),
      rangeEnd: ip('198.51.100.20'),
      dns: [],
      leaseSeconds: 600,
      nextServer: ip('198.51.100.5'),
      httpUrl: 'http://198.51.100.5/',
    },
  ],
};

/** A captured message, decoded, with `changes` and with `options` set (or, if undefined, removed). */
export function message(
  [dialogue, index]: readonly [string, number],
  changes: Partial<DhcpPacket> = {},
  options: Readonly<Record<number, Uint8Array | undefined>> = {},
): DhcpPacket {
  const packet = decodePacket(captured(dialogue)[index]?.bytes ?? Buffer.alloc(0));
  if (typeof packet === 'string') throw new Error(`vector ${dialogue} ${index}: ${packet}`);
  const all = new Map(packet.options);
  for (const [code, value] of Object.entries(options))
    if (value === undefined) all.delete(Number(code));
    else all.set(Number(code), value);
  return { ...packet, ...changes, options: all };
}

/** A REQUEST of an OS client: `requested` is option 50, `server` option 54. */
export function request(
  fields: { requested?: string; server?: string; ciaddr?: string; giaddr?: string },
  changes: Partial<DhcpPacket> = {},
): DhcpPacket {
  const { requested, server, ciaddr = '0.0.0.0', giaddr = '0.0.0.0' } = fields;
  return message(
    ['udhcpc', 1],
    { ciaddr: ip(ciaddr), giaddr: ip(giaddr), ...changes },
    {
      [OPTION.requestedAddress]: requested === undefined ? undefined : ipv4Bytes(ip(requested)),
      [OPTION.serverId]: server === undefined ? undefined : ipv4Bytes(ip(server)),
    },
  );
}

/** Looks up, decides, and writes the leases as the server does. */
export async function answer(
  packet: DhcpPacket,
  facts: NetbootFacts,
  options: DhcpOptions = OPTIONS,
  nowMs = NOW_MS,
): Promise<DhcpDecision> {
  const config: DhcpConfig = dhcpConfig(options);
  const subnet = subnetOf(packet, config);
  if (subnet === undefined) throw new Error('no subnet');
  const decision = decide(packet, await lookUp(packet, subnet, config, facts, nowMs));
  for (const lease of decision.leases) await facts.leases.put(lease);
  return decision;
}
