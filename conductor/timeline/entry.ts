/** An entry of a node's timeline, as the store keeps it. */
export type TimelineEntry = {
  readonly id: number;
  /** ISO 8601. */
  readonly at: string;
  readonly kind: string;
  readonly message: string;
  /** Keys in snake case, as the API shows them. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly operationUuid: string | null;
};

/** A text of an entry's data; empty when there is none. */
export function textOf({ data }: TimelineEntry, key: string): string {
  const value = data[key];
  return typeof value === 'string' ? value : '';
}

/** A number of an entry's data. */
export function numberOf({ data }: TimelineEntry, key: string): number | undefined {
  const value = data[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** When it happened, milliseconds since the epoch. */
export function atMs({ at }: TimelineEntry): number {
  return Date.parse(at);
}

/**
 * When what it tells of began: HTTP transfers are told of at their end only, with their duration.
 */
export function beganMs(entry: TimelineEntry): number {
  const isTransfer = entry.kind.startsWith('http.');
  return atMs(entry) - (isTransfer ? (numberOf(entry, 'duration_ms') ?? 0) : 0);
}

/** Whether this is a step's entry, of the step `name`. */
export function isStep(entry: TimelineEntry, what: 'started' | 'done' | 'failed', name: string) {
  return entry.kind === `step.${what}` && entry.data['step'] === name;
}

/** Whether the machine's firmware or a boot loader asked by DHCP (RFC 4578 §2), and not a system. */
export function asksAsFirmware(entry: TimelineEntry): boolean {
  if (!isDhcp(entry)) return false;
  const { vendor_class: vendorClass, ipxe } = entry.data;
  const isPxe = typeof vendorClass === 'string' && /^(?:PXE|HTTP)Client/.test(vendorClass);
  return isPxe || ipxe === true;
}

/** What the deploy ramdisk's DHCP client calls itself. */
const RAMDISK_CLASS = 'ironpxe-ramdisk';

/** Whether an entry tells of a message of the machine's own DHCP client. */
export function isDhcp({ kind }: TimelineEntry): boolean {
  return kind.startsWith('dhcp.') && kind !== 'dhcp.foreign';
}

/** Whether the deploy ramdisk asked by DHCP. */
export function asksAsRamdisk(entry: TimelineEntry): boolean {
  return isDhcp(entry) && textOf(entry, 'vendor_class') === RAMDISK_CLASS;
}

/** Whether a system asked by DHCP: neither firmware nor our own ramdisk. */
export function asksAsSystem(entry: TimelineEntry): boolean {
  return isDhcp(entry) && !asksAsFirmware(entry) && !asksAsRamdisk(entry);
}

/** Whether the entry tells that the machine was started, or started again. */
export function isStart(entry: TimelineEntry): boolean {
  if (entry.kind !== 'power.changed') return false;
  return /^(?:rebooting|power on|reset|soft rebooting)$/.test(textOf(entry, 'target'));
}
