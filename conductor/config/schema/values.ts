import { z } from 'zod';
import { tryParseCidr, tryParseIpv4, type Cidr, type Ipv4 } from '../../values/ipv4.ts';

/** An IPv4 address. */
export const ipv4 = z.string().transform((text, context): Ipv4 => {
  const address = tryParseIpv4(text);
  if (address === undefined) context.addIssue('expected an IPv4 address such as 192.0.2.1');
  return address ?? ('' as Ipv4);
});

/** A network such as 192.0.2.0/24. */
export const cidr = z.string().transform((text, context): Cidr => {
  const network = tryParseCidr(text);
  if (network === undefined) context.addIssue('expected a network such as 192.0.2.0/24');
  return network ?? { network: '' as Ipv4, prefixLength: 0 };
});

/** A path that does not depend on where the conductor was started. */
export const absolutePath = z.string().startsWith('/', 'expected an absolute path');

/** An address to listen on. */
export const listenAddress = z.custom<Ipv4>(
  (text) => typeof text === 'string' && tryParseIpv4(text) !== undefined,
  'expected an IPv4 address such as 192.0.2.1',
);

/** A UDP or TCP port to listen on. */
export const listenPort = z.int().min(1).max(65535);

/** A time of one second to a week. */
export const seconds = z
  .int()
  .min(1)
  .max(7 * 24 * 3600);

/** Parameters of a kernel, on one line. */
export const kernelParameters = z
  .string()
  .regex(/^[\x20-\x7e]*$/, 'expected printable characters on one line');

/** The URL of a service. */
export const httpUrl = z.url({ protocol: /^https?$/ });
