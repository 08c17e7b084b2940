import type { TimelineEvent } from '../store/types.ts';

/** What was seen of a machine after it was started. */
export type PxeSigns = {
  /** When its firmware first asked to boot from the network. */
  readonly pxeAt: string | undefined;
  /** Whether a system, not the firmware, asked for an address: it booted something else. */
  readonly otherSystem: boolean;
};

/**
 * Reads the signs from the events of a node. Firmware says so in its vendor class (RFC 4578 §2:
 * "PXEClient"; UEFI HTTP boot: "HTTPClient"); only what boots from the network fetches boot files.
 */
export function readSigns(events: readonly TimelineEvent[]): PxeSigns {
  const pxe = events.find((event) => fetches(event) || asksAsFirmware(event));
  const other = events.some((event) => isDhcp(event) && !asksAsFirmware(event));
  return { pxeAt: pxe?.at, otherSystem: pxe === undefined && other };
}

function fetches({ kind }: TimelineEvent): boolean {
  return kind.startsWith('tftp.') || kind.startsWith('http.') || kind === 'ramdisk.callback';
}

function isDhcp({ kind }: TimelineEvent): boolean {
  return kind === 'dhcp.discover' || kind === 'dhcp.ack';
}

function asksAsFirmware(event: TimelineEvent): boolean {
  if (!event.kind.startsWith('dhcp.')) return false;
  const vendorClass = event.data['vendor_class'];
  return typeof vendorClass === 'string' && /^(?:PXE|HTTP)Client/.test(vendorClass);
}
