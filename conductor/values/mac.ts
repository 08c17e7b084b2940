/** An Ethernet address as six lower-case hex pairs joined by colons, such as `52:54:00:12:34:56`. */
export type Mac = string & { readonly __mac: true };

const HEX_PAIRS = /^([0-9a-f]{2})([:-]?)([0-9a-f]{2})(?:\2[0-9a-f]{2}){4}$/;

/** Parses a MAC with colons, dashes or no separator, in any case; `undefined` when it is none. */
export function tryParseMac(text: string): Mac | undefined {
  const lower = text.trim().toLowerCase();
  if (!HEX_PAIRS.test(lower)) return undefined;
  const digits = lower.replaceAll(/[:-]/g, '');
  return (digits.match(/../g) ?? []).join(':') as Mac;
}

/** The first six bytes of `bytes` (a DHCP chaddr, say) as a MAC. */
export function macFromBytes(bytes: Uint8Array): Mac {
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, 6).toString('hex');
  return (digits.match(/../g) ?? []).join(':') as Mac;
}

/** The name under which pxelinux asks for its config: hardware type 01, then the MAC, with dashes. */
export function pxelinuxName(mac: Mac): string {
  return `01-${mac.replaceAll(':', '-')}`;
}
