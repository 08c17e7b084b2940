import { IronpxeError } from '../../errors/error.ts';
import type { BootDevice, BootMode } from '../types.ts';
import { quirksOf } from './quirks.ts';
import type { System } from './system.ts';

/** Boot devices → BootSourceOverrideTarget. */
const TARGETS = { pxe: 'Pxe', disk: 'Hdd', cdrom: 'Cd' } as const satisfies Record<
  BootDevice,
  string
>;
/** Boot modes → BootSourceOverrideMode. */
const MODES = { bios: 'Legacy', uefi: 'UEFI' } as const satisfies Record<BootMode, string>;

/** The boot device of a system; without an override that is in force it is not known. */
export function bootDeviceOf({ Boot }: System): {
  readonly device: BootDevice | undefined;
  readonly persistent: boolean | undefined;
} {
  const enabled = Boot?.BootSourceOverrideEnabled;
  if (enabled !== 'Once' && enabled !== 'Continuous')
    return { device: undefined, persistent: undefined };
  const targets = Object.entries(TARGETS) as [BootDevice, string][];
  const device = targets.find(([, name]) => name === Boot?.BootSourceOverrideTarget)?.[0];
  return { device, persistent: enabled === 'Continuous' };
}

/**
 * The change that sets the boot device, without what stands already and maker's quirks heeded.
 * @throws IronpxeError DRIVER_BOOT_DEVICE when the machine says that it cannot
 */
export function bootOverride(
  system: System,
  device: BootDevice,
  wanted: { readonly persistent: boolean; readonly bootMode: BootMode | undefined },
): { readonly Boot: Readonly<Record<string, string>> } {
  const { Boot = {} } = system;
  const target = TARGETS[device];
  const enabled = wanted.persistent ? 'Continuous' : 'Once';
  refuseUnlessAllowed(system, 'BootSourceOverrideTarget', target);
  refuseUnlessAllowed(system, 'BootSourceOverrideEnabled', enabled);
  const { alwaysSendEnabled } = quirksOf(system.Manufacturer ?? undefined);
  const mode = wanted.bootMode && MODES[wanted.bootMode];
  const changesMode = mode !== undefined && mode !== Boot.BootSourceOverrideMode;
  const changesEnabled = alwaysSendEnabled || enabled !== Boot.BootSourceOverrideEnabled;
  return {
    Boot: {
      BootSourceOverrideTarget: target,
      ...(changesEnabled && { BootSourceOverrideEnabled: enabled }),
      ...(changesMode && { BootSourceOverrideMode: mode }),
    },
  };
}

/** The change that sets the firmware's mode and leaves the boot device as it is. */
export function bootModeChange(
  { Boot }: System,
  mode: BootMode,
): { readonly Boot: Readonly<Record<string, string>> } {
  const { BootSourceOverrideTarget: target, BootSourceOverrideEnabled: enabled } = Boot ?? {};
  return {
    Boot: {
      BootSourceOverrideMode: MODES[mode],
      ...(target && { BootSourceOverrideTarget: target }),
      ...(enabled && { BootSourceOverrideEnabled: enabled }),
    },
  };
}

function refuseUnlessAllowed(
  { Boot, path }: System,
  key: 'BootSourceOverrideTarget' | 'BootSourceOverrideEnabled',
  value: string,
): void {
  const allowed = Boot?.[`${key}@Redfish.AllowableValues`];
  if (allowed === undefined || allowed.includes(value)) return;
  const known = allowed.join(', ');
  throw new IronpxeError(
    'DRIVER_BOOT_DEVICE',
    `${path}: ${key} "${value}" is not one of ${known}.`,
  );
}
