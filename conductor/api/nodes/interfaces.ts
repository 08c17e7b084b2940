import type { Driver } from '../../drivers/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import { NETWORK_INTERFACES } from '../../networking/networking.ts';
import { AGENT_DEPLOY_INTERFACE } from '../../deploy/agentProcedures.ts';
import type { JsonObject } from '../../store/types.ts';
import type { Call } from '../resource.ts';

/** The kinds of interface that an Ironic node has. */
export const INTERFACE_KINDS = [
  'bios',
  'boot',
  'console',
  'deploy',
  'firmware',
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
  deploy: ['iscsi', AGENT_DEPLOY_INTERFACE],
  firmware: 'no-firmware',
  inspect: 'agent',
  network: NETWORK_INTERFACES,
  raid: 'no-raid',
  rescue: 'no-rescue',
  storage: 'noop',
  vendor: 'iscsi',
} as const;

/** The names of the interfaces of a kind that a driver has, its default first. */
export function interfacesOf(
  driver: Pick<Driver, 'name' | 'interfaces'>,
  kind: InterfaceKind,
): readonly string[] {
  const own = driver.interfaces?.[kind];
  if (own !== undefined) return own;
  if (kind !== 'power' && kind !== 'management') return [COMMON[kind]].flat();
  // `pxe_ssh` switches with `ssh`.
  return [driver.name.replace(/^pxe_/, '').replace(/-hardware$/, '')];
}

/** The interface of a kind that a node has: the one that was set, or its driver's default. */
export function interfaceOf(
  call: Pick<Call, 'conductor'>,
  node: { readonly driver: string; readonly interfaces: Readonly<Record<string, string>> },
  kind: InterfaceKind,
): string {
  return node.interfaces[kind] ?? defaultInterface(call, node.driver, kind);
}

/** A driver's default interface of a kind; nodes may outlive the driver they were made for. */
export function defaultInterface(
  call: Pick<Call, 'conductor'>,
  driver: string,
  kind: InterfaceKind,
): string {
  return interfacesOf(call.conductor.drivers.get(driver) ?? { name: driver }, kind)[0] ?? '';
}

/**
 * The interfaces that a request sets, by kind; null and absent mean the default.
 * @throws IronpxeError INVALID_REQUEST in Ironic's words for one that the driver does not have
 */
export function readInterfaces(driver: Driver, wanted: JsonObject): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const kind of INTERFACE_KINDS) {
    const name = wanted[`${kind}_interface`];
    if (typeof name !== 'string') continue;
    const known = interfacesOf(driver, kind);
    if (!known.includes(name))
      throw new IronpxeError(
        'INVALID_REQUEST',
        `Could not find the following interface in the 'ironic.hardware.interfaces.${kind}' entrypoint: ${name}. Valid interfaces are ['${known.join("', '")}'].`,
      );
    chosen[kind] = name;
  }
  return chosen;
}
