import type { DhcpMode } from './dhcpModes.ts';
import type { PowerType } from './powerTypes.ts';

/**
 * The columns of the matrix, each with every firmware. How a machine is switched and who gives it its
 * address have nothing to do with each other, so each DHCP mode is seen once and each power type once.
 */
export const COLUMNS: readonly { readonly dhcp: DhcpMode; readonly power: PowerType }[] = [
  { dhcp: 'server', power: 'virsh' },
  { dhcp: 'proxy', power: 'virsh' },
  { dhcp: 'relayed', power: 'virsh' },
  { dhcp: 'server', power: 'ipmitool' },
  { dhcp: 'server', power: 'redfish' },
];
