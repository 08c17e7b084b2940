import { IronpxeError } from '../../errors/error.ts';
import type { JsonObject } from '../../store/types.ts';
import { GIB, MIB } from '../../values/units.ts';
import type { Inventory, InventoryDisk } from '../ramdisk/types.ts';
import { matchesHints } from './hints.ts';

/** A smaller disk is no place for a system (as in Ironic). */
const SMALLEST_ROOT_BYTES = 4 * GIB;

/**
 * The node's properties with what an inspection found: `cpus`, `cpu_arch`, `memory_mb`, `local_gb`
 * and the capability `boot_mode`. What it does not find stays.
 * @throws IronpxeError INSPECTION_NO_ROOT_DISK when root device hints fit no disk, or several
 */
export function inspectedProperties(properties: JsonObject, found: Inventory): JsonObject {
  const { cpu, memory, boot } = found;
  const root = rootDisk(found.disks, hintsOf(properties));
  return {
    ...properties,
    cpus: cpu.count,
    cpu_arch: cpu.architecture,
    memory_mb: memory.physicalMib ?? Math.floor(memory.totalBytes / MIB),
    // One GiB is left for partition tables and the like, as Ironic's inspector leaves it.
    ...(root && { local_gb: Math.max(0, Math.floor(root.sizeBytes / GIB) - 1) }),
    capabilities: withCapability(properties['capabilities'], 'boot_mode', boot.mode),
  };
}

/** The disk that a deploy would take: the one that fits the hints, else the smallest of use. */
export function rootDisk(
  disks: readonly InventoryDisk[],
  hints: JsonObject | undefined,
): InventoryDisk | undefined {
  if (hints === undefined) {
    const large = disks.filter(({ sizeBytes }) => sizeBytes >= SMALLEST_ROOT_BYTES);
    return large.toSorted((a, b) => a.sizeBytes - b.sizeBytes)[0];
  }
  const [disk, ...others] = disks.filter((one) => matchesHints(one, hints));
  if (disk !== undefined && others.length === 0) return disk;
  const count = disk === undefined ? 'no disk' : `${others.length + 1} disks`;
  throw new IronpxeError(
    'INSPECTION_NO_ROOT_DISK',
    `properties/root_device ${JSON.stringify(hints)} fits ${count}; seen are: ${disks.map(describe).join('; ') || 'none'}.`,
  );
}

function describe({ name, sizeBytes, model, serial, wwn }: InventoryDisk): string {
  const more = [model, serial && `serial ${serial}`, wwn && `wwn ${wwn}`].filter(Boolean);
  return [name, `${Math.floor(sizeBytes / GIB)} GiB`, ...more].join(', ');
}

function hintsOf(properties: JsonObject): JsonObject | undefined {
  const hints = properties['root_device'];
  const given = typeof hints === 'object' && hints !== null && Object.keys(hints).length > 0;
  return given ? { ...hints } : undefined;
}

/** Capabilities are `name:value` joined by commas. */
function withCapability(text: unknown, name: string, value: string): string {
  const others = (typeof text === 'string' ? text : '')
    .split(',')
    .filter((one) => one !== '' && !one.startsWith(`${name}:`));
  return [...others, `${name}:${value}`].join(',');
}
