import type { JsonObject } from '../../store/types.ts';
import { agentLldp, type Neighbour, neighbourOf, parseTlvs } from './lldp.ts';
import type { Inventory, InventoryDisk, InventoryNic } from '../ramdisk/types.ts';

/** The inventory in the form of Ironic's agent, which `GET /v1/nodes/{ident}/inventory` gives. */
export function agentForm(found: Inventory): JsonObject {
  const { cpu, memory, disks, nics, system, boot, bmcAddress } = found;
  return {
    interfaces: nics.map(nicForm),
    cpu: {
      model_name: cpu.model ?? null,
      frequency: cpu.frequencyMhz === undefined ? null : String(cpu.frequencyMhz),
      count: cpu.count,
      architecture: cpu.architecture,
      flags: cpu.flags,
    },
    disks: disks.map(diskForm),
    memory: { total: memory.totalBytes, physical_mb: memory.physicalMib ?? null },
    bmc_address: bmcAddress ?? null,
    system_vendor: {
      product_name: system.productName ?? null,
      serial_number: system.serialNumber ?? null,
      manufacturer: system.manufacturer ?? null,
    },
    boot: { current_boot_mode: boot.mode, pxe_interface: boot.bootMac ?? null },
  };
}

/** What the switches say, by NIC, for whoever does not read TLVs. */
export function switchesOf({ nics }: Pick<Inventory, 'nics'>): JsonObject {
  const heard = nics.flatMap(({ name, lldp }) =>
    lldp === undefined ? [] : [[name, toSnake(neighbourOf(parseTlvs(lldp)))] as const],
  );
  return heard.length === 0 ? {} : { parsed_lldp: Object.fromEntries(heard) };
}

function toSnake({ switchId, portId, systemName, ...more }: Neighbour): JsonObject {
  return {
    switch_chassis_id: switchId,
    switch_port_id: portId,
    switch_system_name: systemName,
    switch_port_description: more.portDescription,
    switch_system_description: more.systemDescription,
    switch_port_untagged_vlan_id: more.portVlan,
  };
}

function nicForm(nic: InventoryNic): JsonObject {
  return {
    name: nic.name,
    mac_address: nic.mac,
    ipv4_address: nic.ipv4 ?? null,
    has_carrier: nic.hasCarrier,
    speed_mbps: nic.speedMbps ?? null,
    driver: nic.driver ?? null,
    vendor: nic.pciVendor ?? null,
    product: nic.pciProduct ?? null,
    ...(nic.lldp !== undefined && { lldp: agentLldp(nic.lldp) }),
  };
}

function diskForm(disk: InventoryDisk): JsonObject {
  return {
    name: disk.name,
    size: disk.sizeBytes,
    logical_sectors: disk.logicalBlockBytes,
    model: disk.model ?? null,
    vendor: disk.vendor ?? null,
    serial: disk.serial ?? null,
    wwn: disk.wwn ?? null,
    wwn_with_extension: disk.wwnWithExtension ?? null,
    wwn_vendor_extension: disk.wwnVendorExtension ?? null,
    rotational: disk.rotational ?? null,
    hctl: disk.hctl ?? null,
    by_path: disk.byPath ?? null,
  };
}
