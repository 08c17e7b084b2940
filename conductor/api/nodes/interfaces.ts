import { IronpxeError } from '../../errors/error.ts';
import type { JsonObject } from '../../store/types.ts';

/** The kinds of interface that an Ironic node has. */
export const INTERFACE_KINDS = [
  'bios',
  'boot',
  'console',
  'deploy',
  'inspect',
  'management',
  'network',
  'power',
  'raid',
  'rescue',
  'storage',
  'vendor',
] as const;
export type InterfaceKind = (typeof INTERFACE_KINDS)[number];

/** Interfaces that are the same whatever switches the machine; `no-…` does nothing but refuse. */
const COMMON = {
  bios: 'no-bios',
  boot: 'pxe',
  console: 'no-console',
  deploy: 'iscsi',
  inspect: 'no-inspect',
  network: 'noop',
  raid: 'no-raid',
  rescue: 'no-rescue',
  storage: 'noop',
  vendor: 'iscsi',
} as const;

/** The name of the one interface of a kind that a driver has: `pxe_ssh` switches with `ssh`. */
export function interfaceOf(driver: string, kind: InterfaceKind): string {
  if (kind === 'power' || kind === 'management')
    return driver.replace(/^pxe_/, '').replace(/-hardware$/, '');
  return COMMON[kind];
}

/**
 * Refuses an interface that the driver does not have; null and absent mean the default.
 * @throws IronpxeError INVALID_REQUEST in Ironic's words
 */
export function checkInterfaces(driver: string, wanted: JsonObject): void {
  for (const kind of INTERFACE_KINDS) {
    const name = wanted[`${kind}_interface`];
    const known = interfaceOf(driver, kind);
    if (typeof name === 'string' && name !== known)
      throw new IronpxeError(
        'INVALID_REQUEST',
        `Could not find the following interface in the 'ironic.hardware.interfaces.${kind}' entrypoint: ${name}. Valid interfaces are ['${known}'].`,
      );
  }
}
