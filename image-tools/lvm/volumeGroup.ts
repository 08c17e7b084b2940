import { SECTOR } from '../values/bytes.ts';
import { parseConfigText, type ConfigSection, type ConfigValue } from './configText.ts';
import { damagedLvm } from './damaged.ts';

/** A stretch of a logical volume. */
export type Segment = {
  readonly startExtent: number;
  readonly extents: number;
  /** `striped` is LVM's word for linear as well. */
  readonly type: string;
  /** Where it lies: physical volume (by its key) and first extent there; linear ones have one. */
  readonly stripes: readonly { readonly pv: string; readonly extent: number }[];
};

export type LogicalVolume = {
  readonly name: string;
  readonly visible: boolean;
  readonly segments: readonly Segment[];
};

export type PhysicalVolume = {
  readonly key: string;
  /** 32 characters, without dashes. */
  readonly uuid: string;
  readonly firstExtentBytes: number;
};

export type VolumeGroup = {
  readonly name: string;
  readonly extentBytes: number;
  readonly physicalVolumes: readonly PhysicalVolume[];
  readonly logicalVolumes: readonly LogicalVolume[];
};

/** Reads a volume group from its metadata text. @throws ImageToolError SOURCE_DAMAGED */
export function parseVolumeGroup(text: string): VolumeGroup {
  const [found, ...more] = sections(parseConfigText(text));
  if (!found || more.length > 0) throw damagedLvm('its metadata does not name one volume group');
  const [name, group] = found;
  return {
    name: goodName(name),
    extentBytes: number(group, 'extent_size') * SECTOR,
    physicalVolumes: sections(section(group, 'physical_volumes')).map(([key, pv]) => ({
      key,
      uuid: words(pv, 'id').replaceAll('-', ''),
      firstExtentBytes: number(pv, 'pe_start') * SECTOR,
    })),
    logicalVolumes: sections(optionalSection(group, 'logical_volumes')).map(([lv, about]) => ({
      name: goodName(lv),
      visible: list(about['status']).includes('VISIBLE'),
      segments: segmentsOf(about),
    })),
  };
}

/** The rule of lvm(8) for names; they become paths and kernel options. */
function goodName(name: string): string {
  if (/^[A-Za-z0-9+_.][A-Za-z0-9+_.-]*$/.test(name)) return name;
  throw damagedLvm(`it has the name ${JSON.stringify(name)}`);
}

function segmentsOf(volume: ConfigSection): Segment[] {
  return sections(volume)
    .filter(([key]) => /^segment\d+$/.test(key))
    .map(([, segment]) => ({
      startExtent: number(segment, 'start_extent'),
      extents: number(segment, 'extent_count'),
      type: words(segment, 'type'),
      stripes: pairs(list(segment['stripes'])),
    }));
}

function pairs(items: readonly (string | number)[]): { pv: string; extent: number }[] {
  const found: { pv: string; extent: number }[] = [];
  for (let at = 0; at + 1 < items.length; at += 2)
    found.push({ pv: String(items[at]), extent: Number(items[at + 1]) });
  return found;
}

function sections(parent: ConfigSection): [string, ConfigSection][] {
  return Object.entries(parent).filter((entry): entry is [string, ConfigSection] =>
    isSection(entry[1]),
  );
}

function isSection(value: ConfigValue | ConfigSection | undefined): value is ConfigSection {
  return typeof value === 'object' && !Array.isArray(value);
}

function section(parent: ConfigSection, key: string): ConfigSection {
  const found = parent[key];
  if (isSection(found)) return found;
  throw damagedLvm(`its metadata has no "${key}"`);
}

function optionalSection(parent: ConfigSection, key: string): ConfigSection {
  return key in parent ? section(parent, key) : {};
}

function number(parent: ConfigSection, key: string): number {
  const found = parent[key];
  if (typeof found === 'number' && Number.isSafeInteger(found) && found >= 0) return found;
  throw damagedLvm(`"${key}" in its metadata is not a number`);
}

function words(parent: ConfigSection, key: string): string {
  const found = parent[key];
  if (typeof found === 'string') return found;
  throw damagedLvm(`"${key}" in its metadata is not a text`);
}

function list(value: ConfigValue | ConfigSection | undefined): readonly (string | number)[] {
  return Array.isArray(value) ? (value as readonly (string | number)[]) : [];
}
