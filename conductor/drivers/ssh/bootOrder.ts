import { z } from 'zod';
import type { Mac } from '../../values/mac.ts';
import type { BootDevice } from '../types.ts';
import { osBootElements, parseDomain, type BootableDevice, type Domain } from './domain.ts';
import {
  applyEdits,
  child,
  childrenOf,
  escapeXml,
  removal,
  type XmlEdit,
  type XmlElement,
} from './xml.ts';

/**
 * The order in which a domain boots, first to last. libvirt has two ways to say it, which exclude
 * each other: `<os><boot dev='network'/></os>` (`os`), and `<boot order='1'/>` inside devices (`device`).
 */
export type BootOrder = {
  readonly style: 'os' | 'device';
  /** `os`: network, hd, cdrom, fd. `device`: keys of {@link BootableDevice}. */
  readonly entries: readonly string[];
};

const OS_NAMES = { pxe: 'network', disk: 'hd', cdrom: 'cdrom' } as const satisfies Record<
  BootDevice,
  string
>;

/** Reads the boot order of a domain; a domain that names none has style `os` and no entries. */
export function readBootOrder(domain: Domain): BootOrder {
  const ordered = domain.devices.flatMap((device) => {
    const position = Number(child(device.element, 'boot')?.attributes['order']);
    return Number.isInteger(position) ? [{ key: device.key, position }] : [];
  });
  if (ordered.length === 0)
    return {
      style: 'os',
      entries: osBootElements(domain).flatMap((one) => one.attributes['dev'] ?? []),
    };
  const sorted = ordered.toSorted((a, b) => a.position - b.position);
  return { style: 'device', entries: sorted.map(({ key }) => key) };
}

/** The device a boot order begins with, in Ironic's words; `undefined` when it has another or none. */
export function firstBootDevice(domain: Domain, order: BootOrder): BootDevice | undefined {
  const [first] = order.entries;
  if (order.style === 'device') return domain.devices.find(({ key }) => key === first)?.bootDevice;
  const names = Object.entries(OS_NAMES) as [BootDevice, string][];
  return names.find(([, name]) => name === first)?.[0];
}

/**
 * The boot order with `device` first and everything else after it as it was. Among NICs only those
 * with one of `macs` count, so that the machine boots from the port that the conductor knows.
 * @returns `undefined` when the domain has no such device
 */
export function bootOrderWithFirst(
  domain: Domain,
  device: BootDevice,
  macs: readonly Mac[],
): BootOrder | undefined {
  const fits = domain.devices.filter((one) => isCandidate(one, device, macs));
  const [only] = fits;
  if (only === undefined) return undefined;
  const { style, entries } = readBootOrder(domain);
  if (style === 'os') {
    const name = OS_NAMES[device];
    return { style, entries: [name, ...entries.filter((one) => one !== name)] };
  }
  const keys = fits.map(({ key }) => key);
  const known = entries.filter((key) => keys.includes(key));
  const front = known.length > 0 ? known : [only.key];
  return { style, entries: [...front, ...entries.filter((key) => !front.includes(key))] };
}

function isCandidate(one: BootableDevice, device: BootDevice, macs: readonly Mac[]): boolean {
  if (one.bootDevice !== device) return false;
  return device !== 'pxe' || (one.mac !== undefined && macs.includes(one.mac));
}

/** The domain XML with that boot order and, where given, a note of the one to go back to. */
export function writeBootOrder(domain: Domain, order: BootOrder, restore?: BootOrder): string {
  const { xml, root } = domain;
  const old = [
    ...osBootElements(domain),
    ...domain.devices.flatMap(({ element }) => childrenOf(element, 'boot')),
    ...onceElements(domain),
  ];
  const edits = [
    ...old.map((one) => removal(xml, one)),
    ...(order.style === 'os' ? osEdits(root, order) : deviceEdits(domain, order)),
    ...(restore ? onceEdits(root, restore) : []),
  ];
  return applyEdits(xml, edits);
}

function osEdits(root: XmlElement, order: BootOrder): readonly XmlEdit[] {
  const type = child(child(root, 'os'), 'type');
  if (type === undefined) return [];
  const text = order.entries.map((dev) => `\n    <boot dev='${escapeXml(dev)}'/>`).join('');
  return [{ start: type.end, end: type.end, text }];
}

function deviceEdits(domain: Domain, order: BootOrder): readonly XmlEdit[] {
  const elements = order.entries.flatMap(
    (key) => domain.devices.find((device) => device.key === key)?.element ?? [],
  );
  return elements.map(({ contentStart }, index) => {
    const text = `\n      <boot order='${index + 1}'/>`;
    return { start: contentStart, end: contentStart, text };
  });
}

// libvirt has no one-time boot device. The order to go back to is kept in the domain's own
// metadata, where it survives a restart of the conductor and can be read by people.
const ONCE_NAMESPACE = 'urn:ironpxe:boot-once:1';
const ONCE_NAME = 'ironpxe:boot-once';

const bootOrderSchema = z.object({
  style: z.enum(['os', 'device']),
  entries: z.array(z.string().max(100)).max(100),
});

/** The order that a one-time boot order stands in for; `undefined` when the order is persistent. */
export function readRestore(domain: Domain): BootOrder | undefined {
  const [mark] = onceElements(domain);
  if (mark === undefined) return undefined;
  try {
    return bootOrderSchema.parse(JSON.parse(mark.attributes['restore'] ?? ''));
  } catch {
    return undefined;
  }
}

function onceElements(domain: Domain): readonly XmlElement[] {
  return childrenOf(child(domain.root, 'metadata'), ONCE_NAME);
}

function onceEdits(root: XmlElement, restore: BootOrder): readonly XmlEdit[] {
  const value = escapeXml(JSON.stringify(restore));
  const mark = `\n    <${ONCE_NAME} xmlns:ironpxe='${ONCE_NAMESPACE}' restore='${value}'/>`;
  const metadata = child(root, 'metadata');
  if (metadata && metadata.end > metadata.contentStart)
    return [{ start: metadata.contentStart, end: metadata.contentStart, text: mark }];
  const anchor = child(root, 'uuid')?.end ?? root.contentStart;
  const replaced = metadata ? [{ start: metadata.start, end: metadata.end, text: '' }] : [];
  const text = `\n  <metadata>${mark}\n  </metadata>`;
  return [...replaced, { start: anchor, end: anchor, text }];
}

/** The XML with the one-time order undone; `undefined` when there is none. */
export function restoredXml(xml: string): string | undefined {
  const domain = parseDomain(xml);
  const restore = domain && readRestore(domain);
  return domain && restore ? writeBootOrder(domain, restore) : undefined;
}
