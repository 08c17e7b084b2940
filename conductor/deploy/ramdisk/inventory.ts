import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import type { Inventory } from './types.ts';

const text = z.string().optional();
const count = z.number().int().min(0);

const PARTS = {
  cpu: z.object({
    count,
    architecture: z.string(),
    model: text,
    frequencyMhz: count.optional(),
    flags: z
      .string()
      .default('')
      .transform((words) => words.split(' ').filter(Boolean)),
  }),
  memory: z.object({ totalBytes: count, physicalMib: count.optional() }),
  disk: z.object({
    name: z.string(),
    sizeBytes: count,
    logicalBlockBytes: count.default(512),
    model: text,
    vendor: text,
    serial: text,
    wwn: text,
    wwnWithExtension: text,
    wwnVendorExtension: text,
    hctl: text,
    byPath: text,
    rotational: z.boolean().optional(),
    canDiscard: z.boolean(),
    canWriteZeroes: z.boolean(),
  }),
  nic: z.object({
    name: z.string(),
    mac: z.string(),
    hasCarrier: z.boolean(),
    speedMbps: count.optional(),
    ipv4: text,
    driver: text,
    pciVendor: text,
    pciProduct: text,
    isBootNic: z.boolean(),
    lldp: z
      .string()
      .regex(/^(?:[\da-f]{2})+$/i)
      .optional(),
  }),
  system: z.object({
    bootMode: z.enum(['bios', 'uefi']),
    bootMac: text,
    hasBmc: z.boolean(),
    bmcAddress: z.ipv4().optional(),
    manufacturer: text,
    productName: text,
    serialNumber: text,
    uuid: text,
  }),
} as const;

/** Puts together what the ramdisk's lines say. @throws IronpxeError RAMDISK_COMMAND_FAILED */
export function parseInventory(lines: readonly string[]): Inventory {
  try {
    const { bootMode, bootMac, hasBmc, bmcAddress, ...system } = one('system', lines);
    return stripUndefined({
      cpu: one('cpu', lines),
      memory: one('memory', lines),
      disks: all('disk', lines),
      nics: all('nic', lines),
      system,
      boot: { mode: bootMode, bootMac },
      hasBmc,
      bmcAddress,
    });
  } catch (cause) {
    const message = 'inventory: the ramdisk says something that cannot be read.';
    throw new IronpxeError('RAMDISK_COMMAND_FAILED', message, { cause });
  }
}

function all<K extends keyof typeof PARTS>(
  part: K,
  lines: readonly string[],
): z.output<(typeof PARTS)[K]>[] {
  const found = lines.filter((line) => line.startsWith(`${part} `));
  return found.map(
    (line) =>
      PARTS[part].parse(JSON.parse(line.slice(part.length + 1))) as z.output<(typeof PARTS)[K]>,
  );
}

function one<K extends keyof typeof PARTS>(
  part: K,
  lines: readonly string[],
): z.output<(typeof PARTS)[K]> {
  const [found] = all(part, lines);
  if (found === undefined) throw new Error(`no line tells of ${part}`);
  return found;
}

/** What a machine does not tell is absent, not undefined. */
function stripUndefined(value: object): Inventory {
  return JSON.parse(JSON.stringify(value)) as Inventory;
}
