import type { BootDevice, PowerState } from '../types.ts';
import { tryParseMac, type Mac } from '../../values/mac.ts';
import { isUuid } from '../../values/uuid.ts';
import { child, childrenOf, parseXml, textOf, type XmlElement } from './xml.ts';

/** A device of a domain that could be booted from. */
export type BootableDevice = {
  /** Stable within the domain: `interface:52:54:…`, `disk:vda`, else kind and position. */
  readonly key: string;
  readonly bootDevice: BootDevice | undefined;
  readonly mac: Mac | undefined;
  readonly element: XmlElement;
};

/** What the driver needs of a libvirt domain XML. `xml` is the text that `root`'s offsets mean. */
export type Domain = {
  readonly uuid: string;
  readonly name: string;
  readonly xml: string;
  readonly root: XmlElement;
  readonly devices: readonly BootableDevice[];
};

const BOOTABLE = ['disk', 'interface', 'hostdev', 'redirdev'];

/** Reads a domain XML; `undefined` when it is not one (no root `domain`, or no good UUID). */
export function parseDomain(xml: string): Domain | undefined {
  const root = parseXml(xml);
  const uuid = textOf(xml, child(root, 'uuid'));
  if (root?.name !== 'domain' || !isUuid(uuid)) return undefined;
  const devices = child(root, 'devices')?.children.filter((one) => BOOTABLE.includes(one.name));
  return {
    uuid,
    name: textOf(xml, child(root, 'name')),
    xml,
    root,
    devices: (devices ?? []).map(bootable),
  };
}

function bootable(element: XmlElement, index: number): BootableDevice {
  if (element.name === 'interface') {
    const mac = tryParseMac(child(element, 'mac')?.attributes['address'] ?? '');
    return { key: `interface:${mac ?? index}`, bootDevice: 'pxe', mac, element };
  }
  if (element.name !== 'disk')
    return { key: `${element.name}:${index}`, bootDevice: undefined, mac: undefined, element };
  const target = child(element, 'target')?.attributes['dev'] ?? String(index);
  const kind = element.attributes['device'] ?? 'disk';
  return { key: `disk:${target}`, bootDevice: diskKind(kind), mac: undefined, element };
}

function diskKind(device: string): BootDevice | undefined {
  if (device === 'disk' || device === 'lun') return 'disk';
  return device === 'cdrom' ? 'cdrom' : undefined;
}

/** The MACs of the domain's NICs, in their order. */
export function macsOf(domain: Domain): readonly Mac[] {
  return domain.devices.flatMap((one) => one.mac ?? []);
}

/** The `boot` children of the `os` element. */
export function osBootElements(domain: Domain): readonly XmlElement[] {
  return childrenOf(child(domain.root, 'os'), 'boot');
}

/** `virsh domstate` in Ironic's words; `undefined` for a word that virsh does not use. */
export function powerStateOf(domstate: string): PowerState | undefined {
  switch (domstate.trim()) {
    case 'running':
    case 'idle':
    case 'paused':
    case 'in shutdown':
    case 'pmsuspended':
      return 'power on';
    case 'shut off':
    case 'crashed':
      return 'power off';
    default:
      return undefined;
  }
}
