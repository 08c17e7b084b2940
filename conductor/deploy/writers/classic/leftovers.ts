import { forgetIface, ifaces } from './iscsiadm.ts';
import { ifacePrefix } from './session.ts';

/**
 * Ends the sessions that a killed conductor of the same owner left, and with them its processes of
 * dd, whose writes fail then. Without leftovers nothing runs.
 * @returns the names of the interfaces that are gone
 * @throws IronpxeError ISCSI_LOGOUT_FAILED, COMMAND_*
 */
export async function removeLeftovers(owner: string): Promise<readonly string[]> {
  const ours = (await ifaces()).filter((name) => name.startsWith(ifacePrefix(owner)));
  for (const iface of ours) await forgetIface(iface);
  return ours;
}
