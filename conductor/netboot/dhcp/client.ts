import { OPTION } from './codes.ts';
import { readText, readUint16 } from './options.ts';
import type { DhcpPacket } from './packet.ts';

/** What a request tells about the program that sent it. */
export type DhcpClient = {
  /** Whether firmware asks for a boot file: vendor class `PXEClient`, RFC 4578. */
  readonly pxe: boolean;
  /** Whether UEFI firmware asks for a URL to boot from: vendor class `HTTPClient`, UEFI 2.5 §23.7. */
  readonly http: boolean;
  readonly ipxe: boolean;
  /** Option 93, RFC 4578 §2.1; `undefined` where firmware does not say. */
  readonly architecture: number | undefined;
  readonly vendorClass: string | undefined;
};

/** Reads the sender's kind out of options 60, 77, 93 and 175. */
export function clientOf(packet: DhcpPacket): DhcpClient {
  const vendorClass = readText(packet.options.get(OPTION.vendorClass));
  // iPXE sends option 77 as plain text, without the length bytes of RFC 3004: so `includes`.
  const userClass = readText(packet.options.get(OPTION.userClass)) ?? '';
  return {
    vendorClass,
    pxe: vendorClass?.startsWith('PXEClient') ?? false,
    http: vendorClass?.startsWith('HTTPClient') ?? false,
    ipxe: userClass.includes('iPXE') || packet.options.has(OPTION.ipxe),
    architecture: readUint16(packet.options.get(OPTION.clientArchitecture)),
  };
}

/** Whether the sender is firmware or a boot loader, and not an operating system. */
export function isNetbootClient({ pxe, http, ipxe }: DhcpClient): boolean {
  return pxe || http || ipxe;
}
