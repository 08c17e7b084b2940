import { contains, type Cidr, type Ipv4 } from '../../values/ipv4.ts';
import type { BootFacts } from '../facts.ts';

/** By which URL machines reach this server, and by which other ones some subnets do. */
export type Advertised = {
  readonly url: string;
  readonly subnets: readonly { readonly cidr: Cidr; readonly url: string }[];
};

/**
 * Boot facts as a client needs them: where its subnet reaches this server by another URL, that one
 * stands in the kernel parameters, so that the ramdisk calls back where its boot files came from.
 */
export function factsFor(
  boot: BootFacts,
  client: Ipv4 | undefined,
  advertised: Advertised | undefined,
): BootFacts {
  if (client === undefined || advertised === undefined) return boot;
  const own = advertised.subnets.find(({ cidr }) => contains(cidr, client))?.url;
  if (own === undefined) return boot;
  return { ...boot, deployOptions: withUrl(boot.deployOptions, advertised.url, own) };
}

/** Replaces whole values only: a URL that merely begins alike is another one's. */
function withUrl(parameters: string, from: string, to: string): string {
  const value = `=${from}`;
  return parameters
    .split(' ')
    .map((word) => (word.endsWith(value) ? `${word.slice(0, -from.length)}${to}` : word))
    .join(' ');
}
