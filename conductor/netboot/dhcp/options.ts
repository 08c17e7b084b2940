import { ipv4FromNumber, ipv4ToNumber, type Ipv4 } from '../../values/ipv4.ts';

/** Option values by code, as raw bytes. */
export type DhcpOptionMap = ReadonlyMap<number, Uint8Array>;

const PAD = 0;
const END = 255;

/**
 * Reads an options area. Pads may stand anywhere, a repeated option is joined (RFC 3396), and
 * bytes after END are ignored. `undefined` when an option runs past the end.
 * Values are views of the areas. The reader of the `dhcp` package is not used: it skips one byte too
 * many after each pad.
 */
export function readOptions(...areas: readonly Uint8Array[]): Map<number, Uint8Array> | undefined {
  const found = new Map<number, Uint8Array>();
  const whole = areas.every((area) => readArea(area, found));
  return whole ? found : undefined;
}

function readArea(area: Uint8Array, found: Map<number, Uint8Array>): boolean {
  let at = 0;
  while (at < area.length) {
    const code = area[at++];
    if (code === END) return true;
    if (code === PAD || code === undefined) continue;
    const length = area[at++];
    if (length === undefined || at + length > area.length) return false;
    const value = new Uint8Array(area.buffer, area.byteOffset + at, length);
    found.set(code, joined(found.get(code), value));
    at += length;
  }
  return true;
}

function joined(before: Uint8Array | undefined, value: Uint8Array): Uint8Array {
  return before === undefined ? value : Buffer.concat([before, value]);
}

/** One IPv4 address; `undefined` unless the value has exactly four bytes. */
export function readIpv4(value: Uint8Array | undefined): Ipv4 | undefined {
  if (value?.length !== 4) return undefined;
  return ipv4FromNumber(Buffer.from(value).readUInt32BE());
}

/** Printable ASCII of a value; other bytes become `?`, trailing NULs vanish. */
export function readText(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = Buffer.from(value).toString('latin1').replace(/\0+$/, '');
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}

/** A 16-bit number; `undefined` when the value is shorter. */
export function readUint16(value: Uint8Array | undefined): number | undefined {
  return value === undefined || value.length < 2 ? undefined : Buffer.from(value).readUInt16BE();
}

/** Addresses as an option value, four bytes each. */
export function ipv4Bytes(...addresses: readonly Ipv4[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(4 * addresses.length);
  for (const [index, address] of addresses.entries())
    bytes.writeUInt32BE(ipv4ToNumber(address), 4 * index);
  return bytes;
}

/** A number of seconds as an option value. */
export function uint32Bytes(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(Math.min(value, 0xffffffff));
  return bytes;
}

/** Text as an option value, without a NUL. */
export function textBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
