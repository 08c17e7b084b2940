import type { Mac } from '../values/mac.ts';

export const POWER_STATES = ['power on', 'power off'] as const;
export type PowerState = (typeof POWER_STATES)[number];

/** What `PUT states/power` can ask for (Ironic's words). */
export const POWER_TARGETS = ['power on', 'power off', 'rebooting'] as const;
export type PowerTarget = (typeof POWER_TARGETS)[number];

export const BOOT_DEVICES = ['pxe', 'disk', 'cdrom'] as const;
export type BootDevice = (typeof BOOT_DEVICES)[number];

/** The part of a node that a driver sees. */
export type DriverNode = {
  readonly uuid: string;
  readonly driverInfo: Readonly<Record<string, unknown>>;
  /** The MACs of all the node's ports. */
  readonly macs: readonly Mac[];
};

type Call = { readonly signal: AbortSignal };

/** What a hardware type can do with a machine. Every call may take seconds, and ends on `signal`. */
export interface Driver {
  readonly name: string;
  /** `driver_info` key → one sentence on what goes in it. */
  readonly properties: Readonly<Record<string, string>>;
  readonly supportedBootDevices: readonly BootDevice[];
  /** Checks `driver_info` without touching the machine. @throws IronpxeError DRIVER_INFO_* */
  validate(node: DriverNode): void;
  powerState(node: DriverNode, call: Call): Promise<PowerState>;
  /** Switches the machine and returns once the new state was read back. */
  setPower(node: DriverNode, target: PowerTarget, call: Call): Promise<void>;
  bootDevice(
    node: DriverNode,
    call: Call,
  ): Promise<{ readonly device: BootDevice | undefined; readonly persistent: boolean | undefined }>;
  /** Takes effect at the next start; `persistent: false` means for that one start only. */
  setBootDevice(
    node: DriverNode,
    device: BootDevice,
    options: Call & { readonly persistent: boolean },
  ): Promise<void>;
}
