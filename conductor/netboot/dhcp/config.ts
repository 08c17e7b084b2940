import { IronpxeError } from '../../errors/error.ts';
import {
  broadcast,
  contains,
  ipv4ToNumber,
  netmask,
  tryParseCidr,
  type Cidr,
  type Ipv4,
} from '../../values/ipv4.ts';

/** How one subnet is served. */
export type SubnetOptions = {
  readonly cidr: string;
  /** The first and last address that are given out. */
  readonly rangeStart: Ipv4;
  readonly rangeEnd: Ipv4;
  readonly gateway?: Ipv4;
  readonly dns: readonly Ipv4[];
  readonly domain?: string;
  readonly leaseSeconds: number;
  /** The TFTP server that machines of this subnet are told; the DHCP server's address by default. */
  readonly nextServer?: Ipv4;
  /** The base of HTTP boot URLs for this subnet, without a trailing slash. */
  readonly httpUrl?: string;
};

/** How the DHCP server listens and answers. */
export type DhcpOptions = {
  /** `proxy`: beside another DHCP server, naming boot files only; `server` by default. */
  readonly mode?: 'server' | 'proxy';
  /** Must let broadcasts in: `0.0.0.0` as a rule. */
  readonly listenAddress: Ipv4;
  /** 67 by default. Relays are answered there too. */
  readonly listenPort?: number;
  /** Where clients listen; 68 by default. */
  readonly clientPort?: number;
  /** An address of this host: the server identifier, and the source of replies. */
  readonly serverAddress: Ipv4;
  readonly subnets: readonly SubnetOptions[];
  readonly unknownMachines: 'ignore' | 'answer';
  /** Boot files that are not to be had, each with the reason; none by default. */
  readonly missingLoaders?: ReadonlyMap<string, string>;
  /** For how long an offered address waits for its REQUEST; 60 by default. */
  readonly offerSeconds?: number;
  /** How long an address is asked for before it is first offered; 0 by default: not at all. */
  readonly addressProbeMs?: number;
  /** How often other DHCP servers are looked for; 0 by default: never. */
  readonly foreignSearchSeconds?: number;
  /** For how long a declined address is put aside; 600 by default. */
  readonly declineSeconds?: number;
};

/** A subnet, checked. */
export type Subnet = {
  /** The CIDR text: the subnet's name in the lease book. */
  readonly name: string;
  readonly cidr: Cidr;
  readonly netmask: Ipv4;
  readonly broadcast: Ipv4;
  readonly rangeStart: number;
  readonly rangeEnd: number;
  /** Addresses that are never given out: the server, the gateway, the network, the broadcast. */
  readonly reserved: ReadonlySet<Ipv4>;
  readonly gateway: Ipv4 | undefined;
  readonly dns: readonly Ipv4[];
  readonly domain: string | undefined;
  readonly leaseSeconds: number;
  readonly nextServer: Ipv4;
  readonly httpUrl: string | undefined;
};

/** What the decider must know of the configuration. */
export type DhcpConfig = {
  readonly mode: 'server' | 'proxy';
  readonly serverAddress: Ipv4;
  readonly subnets: readonly Subnet[];
  readonly unknownMachines: 'ignore' | 'answer';
  readonly missingLoaders: ReadonlyMap<string, string>;
  readonly offerSeconds: number;
  readonly declineSeconds: number;
};

/**
 * Checks the options.
 * @throws IronpxeError NETBOOT_SUBNET_INVALID
 */
export function dhcpConfig(options: DhcpOptions): DhcpConfig {
  const { serverAddress, unknownMachines, offerSeconds = 60, declineSeconds = 600 } = options;
  const { missingLoaders = new Map(), mode = 'server' } = options;
  const subnets = options.subnets.map((subnet) => checkedSubnet(subnet, serverAddress));
  for (const [index, subnet] of subnets.entries()) checkApart(subnet, subnets.slice(index + 1));
  return {
    mode,
    serverAddress,
    unknownMachines,
    missingLoaders,
    offerSeconds,
    declineSeconds,
    subnets,
  };
}

/** Whether `address` may be given out in `subnet`. */
export function inRange(subnet: Subnet, address: Ipv4): boolean {
  const number = ipv4ToNumber(address);
  const inside = number >= subnet.rangeStart && number <= subnet.rangeEnd;
  return inside && !subnet.reserved.has(address);
}

function checkedSubnet(options: SubnetOptions, serverAddress: Ipv4): Subnet {
  const cidr = tryParseCidr(options.cidr);
  if (cidr === undefined) throw refused(options, 'is no IPv4 network such as 192.0.2.0/24.');
  checkInside(options, cidr);
  return {
    name: options.cidr,
    cidr,
    netmask: netmask(cidr),
    broadcast: broadcast(cidr),
    rangeStart: ipv4ToNumber(options.rangeStart),
    rangeEnd: ipv4ToNumber(options.rangeEnd),
    reserved: new Set([
      serverAddress,
      cidr.network,
      broadcast(cidr),
      ...(options.gateway === undefined ? [] : [options.gateway]),
    ]),
    gateway: options.gateway,
    dns: options.dns,
    domain: options.domain,
    leaseSeconds: options.leaseSeconds,
    nextServer: options.nextServer ?? serverAddress,
    httpUrl: options.httpUrl?.replace(/\/+$/, ''),
  };
}

function checkInside(options: SubnetOptions, cidr: Cidr): void {
  for (const key of ['rangeStart', 'rangeEnd', 'gateway'] as const) {
    const address = options[key];
    if (address !== undefined && !contains(cidr, address))
      throw refused(options, `has ${key} ${address}, which lies outside of it.`);
  }
  if (ipv4ToNumber(options.rangeStart) > ipv4ToNumber(options.rangeEnd))
    throw refused(options, `has rangeStart ${options.rangeStart} after ${options.rangeEnd}.`);
  if (!Number.isInteger(options.leaseSeconds) || options.leaseSeconds < 60)
    throw refused(options, `has leaseSeconds ${options.leaseSeconds}; expected at least 60.`);
}

function checkApart(subnet: Subnet, others: readonly Subnet[]): void {
  const clash = others.find(
    ({ cidr }) => contains(cidr, subnet.cidr.network) || contains(subnet.cidr, cidr.network),
  );
  if (clash !== undefined)
    throw new IronpxeError(
      'NETBOOT_SUBNET_INVALID',
      `The DHCP subnets ${subnet.name} and ${clash.name} overlap.`,
    );
}

function refused(options: SubnetOptions, why: string): IronpxeError {
  return new IronpxeError('NETBOOT_SUBNET_INVALID', `The DHCP subnet ${options.cidr} ${why}`);
}
