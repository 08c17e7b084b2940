import type { Config } from '../../config/schema.ts';
import type { Port } from '../../store/types.ts';
import { type Mac, tryParseMac } from '../../values/mac.ts';
import type { Inventory, InventoryNic } from '../ramdisk/types.ts';

/** What an inspection changes of a node's ports. */
export type PortChanges = {
  readonly create: readonly { readonly address: Mac; readonly pxeEnabled: boolean }[];
  readonly update: readonly { readonly uuid: string; readonly pxeEnabled: boolean }[];
};

/** Which NICs become ports, by the configuration's words. */
const WANTED: Readonly<Record<Config['inspect']['add_ports'], (nic: InventoryNic) => boolean>> = {
  all: () => true,
  active: ({ hasCarrier, isBootNic }) => hasCarrier || isBootNic,
  pxe: ({ isBootNic }) => isBootNic,
};

/**
 * Compares the NICs of a machine with the node's ports: new ones become ports, and only the one that
 * booted is enabled for PXE. Ports without a NIC stay; where no NIC is known to have booted, ports
 * stay as they are and new ones are enabled.
 */
export function portChanges(
  { nics, boot }: Pick<Inventory, 'nics' | 'boot'>,
  ports: readonly Port[],
  addPorts: Config['inspect']['add_ports'],
): PortChanges {
  const bootMac = tryParseMac(boot.bootMac ?? '') ?? macOf(nics.find((nic) => nic.isBootNic));
  const boots = (mac: Mac) => bootMac === undefined || mac === bootMac;
  const known = new Set(ports.map(({ address }) => address));
  const found = nics.filter(WANTED[addPorts]).flatMap((nic) => macOf(nic) ?? []);
  return {
    create: [...new Set(found)]
      .filter((mac) => !known.has(mac))
      .map((address) => ({ address, pxeEnabled: boots(address) })),
    update: ports
      .filter(({ address, pxeEnabled }) => bootMac !== undefined && pxeEnabled !== boots(address))
      .map(({ uuid, address }) => ({ uuid, pxeEnabled: boots(address) })),
  };
}

function macOf(nic: InventoryNic | undefined): Mac | undefined {
  return tryParseMac(nic?.mac ?? '');
}
