/** An IPv4 address in dotted form, such as `192.0.2.1`. */
export type Ipv4 = string & { readonly __ipv4: true };

/** A network in CIDR form, split: `network` has its host bits zero. */
export type Cidr = { readonly network: Ipv4; readonly prefixLength: number };

/** Parses a dotted quad; `undefined` when it is none. */
export function tryParseIpv4(text: string): Ipv4 | undefined {
  const parts = text.split('.');
  const good = parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && +p <= 255);
  return good ? (text as Ipv4) : undefined;
}

/** The address as an unsigned 32-bit number, first octet highest. */
export function ipv4ToNumber(address: Ipv4): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The inverse of {@link ipv4ToNumber}. */
export function ipv4FromNumber(value: number): Ipv4 {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.') as Ipv4;
}

/** Parses `192.0.2.0/24`; `undefined` when the address or prefix is bad or host bits are set. */
export function tryParseCidr(text: string): Cidr | undefined {
  const [addressText = '', prefixText = ''] = text.split('/');
  const network = tryParseIpv4(addressText);
  if (network === undefined || !/^\d{1,2}$/.test(prefixText)) return undefined;
  const prefixLength = Number(prefixText);
  if (prefixLength > 32) return undefined;
  const cidr = { network, prefixLength };
  return ipv4ToNumber(network) % blockSize(cidr) === 0 ? cidr : undefined;
}

/** The netmask of a network in dotted form. */
export function netmask(cidr: Cidr): Ipv4 {
  return ipv4FromNumber((2 ** 32 - blockSize(cidr)) >>> 0);
}

/** The last address of a network. */
export function broadcast(cidr: Cidr): Ipv4 {
  return ipv4FromNumber(ipv4ToNumber(cidr.network) + blockSize(cidr) - 1);
}

/** Whether `address` lies in `cidr`. */
export function contains(cidr: Cidr, address: Ipv4): boolean {
  const offset = ipv4ToNumber(address) - ipv4ToNumber(cidr.network);
  return offset >= 0 && offset < blockSize(cidr);
}

function blockSize(cidr: Cidr): number {
  return 2 ** (32 - cidr.prefixLength);
}
