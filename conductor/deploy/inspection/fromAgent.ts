import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import { toFrame } from './lldp.ts';
import type { Inventory, InventoryDisk, InventoryNic } from '../ramdisk/types.ts';

const text = z.string().nullish();
/** Agents send numbers also as text. */
const number = z.coerce.number();

const nic = z.object({
  name: z.string(),
  mac_address: z.string(),
  ipv4_address: text,
  has_carrier: z.boolean().nullish(),
  vendor: text,
  product: text,
  speed_mbps: number.nullish(),
  /** Type and value of each TLV that a switch sent. */
  lldp: z
    .array(z.tuple([z.int().min(0).max(127), z.string()]))
    .nullish()
    .catch(undefined),
});

const disk = z.object({
  name: z.string(),
  size: number,
  logical_sectors: number.nullish(),
  model: text,
  vendor: text,
  serial: text,
  wwn: text,
  wwn_with_extension: text,
  wwn_vendor_extension: text,
  rotational: z.boolean().nullish(),
  hctl: text,
  by_path: text,
});

/** The parts of an agent's inventory that the conductor reads. */
const agentInventory = z.object({
  interfaces: z.array(nic.or(z.object({ mac_address: z.null() }))),
  disks: z.array(disk),
  cpu: z.object({
    count: number,
    architecture: z.string(),
    model_name: text,
    flags: z.array(z.string()).nullish(),
  }),
  memory: z.object({ total: number.nullish(), physical_mb: number.nullish() }),
  system_vendor: z
    .object({ product_name: text, serial_number: text, manufacturer: text })
    .nullish(),
  boot: z.object({ current_boot_mode: text, pxe_interface: text }).nullish(),
  bmc_address: text,
});

/**
 * An inventory in the form of Ironic's agent, as the conductor's own ramdisk would tell it.
 * @throws IronpxeError AGENT_REFUSED for one of another form
 */
export function fromAgent(found: unknown): Inventory {
  const { success, data, error } = agentInventory.safeParse(found);
  if (!success)
    throw new IronpxeError(
      'AGENT_REFUSED',
      `The inventory is of another form: ${error.issues[0]?.path.join('/')}: ${error.issues[0]?.message}.`,
    );
  const { cpu, memory, system_vendor: system, boot } = data;
  const bootMac = boot?.pxe_interface ?? undefined;
  const bmcAddress = [data.bmc_address ?? ''].find((one) => one !== '' && one !== '0.0.0.0');
  return {
    cpu: {
      count: cpu.count,
      architecture: cpu.architecture,
      flags: cpu.flags ?? [],
      ...(cpu.model_name && { model: cpu.model_name }),
    },
    memory: {
      totalBytes: memory.total ?? 0,
      ...(memory.physical_mb && { physicalMib: memory.physical_mb }),
    },
    disks: data.disks.map(diskOf),
    nics: data.interfaces.flatMap((one) => ('name' in one ? [nicOf(one, bootMac)] : [])),
    system: {
      ...(system?.manufacturer && { manufacturer: system.manufacturer }),
      ...(system?.product_name && { productName: system.product_name }),
      ...(system?.serial_number && { serialNumber: system.serial_number }),
    },
    boot: {
      mode: boot?.current_boot_mode === 'uefi' ? 'uefi' : 'bios',
      ...(bootMac && { bootMac }),
    },
    hasBmc: bmcAddress !== undefined,
    ...(bmcAddress !== undefined && { bmcAddress }),
  };
}

function nicOf(one: z.output<typeof nic>, bootMac: string | undefined): InventoryNic {
  return {
    name: one.name,
    mac: one.mac_address.toLowerCase(),
    hasCarrier: one.has_carrier ?? false,
    isBootNic: one.mac_address.toLowerCase() === bootMac?.toLowerCase(),
    ...(one.ipv4_address && { ipv4: one.ipv4_address }),
    ...(one.speed_mbps && { speedMbps: one.speed_mbps }),
    ...(one.vendor && { pciVendor: one.vendor }),
    ...(one.product && { pciProduct: one.product }),
    ...(one.lldp && one.lldp.length > 0 && { lldp: toFrame(one.lldp) }),
  };
}

function diskOf(one: z.output<typeof disk>): InventoryDisk {
  return {
    name: one.name,
    sizeBytes: one.size,
    logicalBlockBytes: one.logical_sectors ?? 512,
    canDiscard: false,
    canWriteZeroes: false,
    ...(one.model && { model: one.model }),
    ...(one.vendor && { vendor: one.vendor }),
    ...(one.serial && { serial: one.serial }),
    ...(one.wwn && { wwn: one.wwn }),
    ...(one.wwn_with_extension && { wwnWithExtension: one.wwn_with_extension }),
    ...(one.wwn_vendor_extension && { wwnVendorExtension: one.wwn_vendor_extension }),
    ...(typeof one.rotational === 'boolean' && { rotational: one.rotational }),
    ...(one.hctl && { hctl: one.hctl }),
    ...(one.by_path && { byPath: one.by_path }),
  };
}
