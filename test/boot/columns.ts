import type { DhcpMode } from './dhcpModes.ts';
import type { PowerType } from './powerTypes.ts';

/** One way to give addresses with one way to switch machines. */
export type Column = { readonly dhcp: DhcpMode; readonly power: PowerType };

/**
 * The columns of the matrix, each with every firmware. How a machine is switched and who gives it its
 * address have nothing to do with each other, so each DHCP mode is seen once and each power type once.
 */
const COLUMNS: readonly Column[] = [
  { dhcp: 'server', power: 'virsh' },
  { dhcp: 'proxy', power: 'virsh' },
  { dhcp: 'relayed', power: 'virsh' },
  { dhcp: 'server', power: 'ipmitool' },
  { dhcp: 'server', power: 'redfish' },
];

const DHCP_MODES: readonly DhcpMode[] = ['server', 'proxy', 'relayed', 'external', 'files'];
const POWER_TYPES: readonly PowerType[] = ['virsh', 'ipmitool', 'redfish'];

/**
 * The columns that two lists, each joined by commas, choose: of {@link COLUMNS} where one is given, any
 * pair where both are.
 */
export function columnsFor(dhcp: string | undefined, power: string | undefined): readonly Column[] {
  const every = DHCP_MODES.flatMap((mode) =>
    POWER_TYPES.map((type) => ({ dhcp: mode, power: type })),
  );
  const from = dhcp !== undefined && power !== undefined ? every : COLUMNS;
  return from.filter((column) => isIn(dhcp, column.dhcp) && isIn(power, column.power));
}

/** Whether a list joined by commas names `name`, or is not given. */
export function isIn(list: string | undefined, name: string): boolean {
  return list === undefined || list.split(',').includes(name);
}
