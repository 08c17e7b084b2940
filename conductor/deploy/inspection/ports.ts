import type { Config } from '../../config/schema.ts';
import type { JsonObject, Port } from '../../store/types.ts';
import { type Mac, tryParseMac } from '../../values/mac.ts';
import type { Inventory, InventoryNic } from '../ramdisk/types.ts';
import { localLinkOf } from './lldp.ts';

/** What a NIC tells of its port; the switch only where it was heard. */
type PortFound = { readonly pxeEnabled: boolean; readonly localLinkConnection?: JsonObject };

/** What an inspection changes of a node's ports. */
export type PortChanges = {
  readonly create: readonly (PortFound & { readonly address: Mac })[];
  readonly update: readonly (Partial<PortFound> & { readonly uuid: string })[];
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
  const switchOf = (mac: Mac) => localLinkOf(nics.find((nic) => macOf(nic) === mac)?.lldp);
  return {
    create: [...new Set(found)]
      .filter((mac) => !known.has(mac))
      .map((address) => {
        const localLinkConnection = switchOf(address);
        const pxeEnabled = boots(address);
        return { address, pxeEnabled, ...(localLinkConnection && { localLinkConnection }) };
      }),
    update: ports.flatMap(({ uuid, address, pxeEnabled, localLinkConnection }) => {
      const heard = switchOf(address);
      const isNews = heard !== undefined && !isKnown(heard, localLinkConnection);
      const change = {
        ...(bootMac !== undefined &&
          pxeEnabled !== boots(address) && { pxeEnabled: boots(address) }),
        ...(isNews && { localLinkConnection: { ...localLinkConnection, ...heard } }),
      };
      return Object.keys(change).length === 0 ? [] : [{ uuid, ...change }];
    }),
  };
}

/** Whether all that was heard stands in the port already; what else stands there is its owner's. */
function isKnown(heard: JsonObject, known: JsonObject): boolean {
  return Object.entries(heard).every(([key, value]) => known[key] === value);
}

function macOf(nic: InventoryNic | undefined): Mac | undefined {
  return tryParseMac(nic?.mac ?? '');
}
