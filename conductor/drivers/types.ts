import type { Readable, Writable } from 'node:stream';
import type { Mac } from '../values/mac.ts';

export const POWER_STATES = ['power on', 'power off'] as const;
export type PowerState = (typeof POWER_STATES)[number];

/** What `PUT states/power` can ask for (Ironic's words). */
export const POWER_TARGETS = ['power on', 'power off', 'rebooting'] as const;
export type PowerTarget = (typeof POWER_TARGETS)[number];

/** What asks the running system to act, where the driver can (`Driver.softPower`). */
export const SOFT_POWER_TARGETS = ['soft power off', 'soft rebooting'] as const;
export type SoftPowerTarget = (typeof SOFT_POWER_TARGETS)[number];

export const BOOT_MODES = ['bios', 'uefi'] as const;
export type BootMode = (typeof BOOT_MODES)[number];

export const BOOT_DEVICES = ['pxe', 'disk', 'cdrom'] as const;
export type BootDevice = (typeof BOOT_DEVICES)[number];

/** Virtual drives of a machine, which take an image by its URL (Ironic's words). */
export const MEDIA_DEVICES = ['disk', 'cdrom', 'floppy'] as const;
export type MediaDevice = (typeof MEDIA_DEVICES)[number];

/** A part of a machine that has firmware, such as `bios` and `bmc`, and the version in it. */
export type FirmwareVersion = { readonly component: string; readonly version: string };

/** The part of a node that a driver sees. */
export type DriverNode = {
  readonly uuid: string;
  readonly driverInfo: Readonly<Record<string, unknown>>;
  /** The MACs of all the node's ports. */
  readonly macs: readonly Mac[];
  /** The power state as it was seen last; for drivers without a machine to ask. */
  readonly lastPowerState?: PowerState | null;
  /** Which firmware interface the boot device is meant for; the machine's own choice without it. */
  readonly bootMode?: BootMode | undefined;
  /** Manufacturer and product, where the BMC told them before. */
  readonly model?: string | undefined;
  /** The power interface that was chosen for the node, where its driver has several. */
  readonly powerInterface?: string | undefined;
};

/** The parts of a machine that only exist by name: how long each takes is configured. */
export const SIMULATED_PARTS = [
  'power',
  'boot',
  'deploy',
  'vendor',
  'management',
  'inspect',
  'raid',
  'bios',
  'storage',
  'rescue',
  'firmware',
] as const;
export type SimulatedPart = (typeof SIMULATED_PARTS)[number];

/** A call of a driver's own that users reach through `vendor_passthru`. */
export type VendorMethod = {
  readonly httpMethods: readonly string[];
  /** Whether the answer does not wait for it (202 without a body). */
  readonly async: boolean;
  readonly description: string;
  readonly needsLock: boolean;
  /** Carries it out. @throws IronpxeError INVALID_REQUEST */
  readonly call: (node: DriverNode, args: Readonly<Record<string, unknown>>) => unknown;
};

/** A serial console that was opened; `output` ends when the session does. */
export type ConsoleStream = AsyncDisposable & {
  readonly output: Readable;
  readonly input: Writable;
};

type Call = { readonly signal: AbortSignal };

/** Lamps by name (`lamp@component`), with the states that they can have and the one they are in. */
export type Indicators = Readonly<
  Record<
    string,
    { readonly readonly: boolean; readonly states: readonly string[]; readonly state: string }
  >
>;

/** What a hardware type can do with a machine. Every call may take seconds, and ends on `signal`. */
export interface Driver {
  readonly name: string;
  /** `driver_info` key → one sentence on what goes in it. */
  readonly properties: Readonly<Record<string, string>>;
  readonly supportedBootDevices: readonly BootDevice[];
  /** Interfaces by kind (`boot`, `deploy`, …), the default first; other kinds are the usual ones. */
  readonly interfaces?: Readonly<Record<string, readonly string[]>>;
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
  /**
   * `true` where a boot device counts from the next power-on only, and a reset of the running machine
   * starts what it started before.
   */
  readonly bootDeviceAtPowerOn?: true;
  /** Asks the running system to shut down or reboot; without it soft power is refused. */
  softPower?(node: DriverNode, target: SoftPowerTarget, call: Call): Promise<void>;
  /** Resets a running machine without switching its power off. */
  reset?(node: DriverNode, call: Call): Promise<void>;
  /** Manufacturer and product in the BMC's words, for what is learned of a model. */
  model?(node: DriverNode, call: Call): Promise<string | undefined>;
  /** What is switched through, such as a BMC's address: nodes with the same one wait for each other. */
  endpoint?(node: DriverNode): string;
  /** `false` where nothing can be read: the power state is what was last said. */
  readonly powerSync?: false;
  /** How long switching may take, where people do it; the configured time otherwise. */
  readonly powerTimeoutSeconds?: number;
  /** Ends what the driver keeps open, such as sessions on BMCs. */
  close?(): Promise<void>;
  /** Makes the firmware start in this mode, from the next start on; absent: it cannot be set. */
  readonly setBootMode?: (node: DriverNode, mode: 'bios' | 'uefi', call: Call) => Promise<void>;
  /** The versions of the firmware in the machine; absent: the driver cannot tell. */
  readonly firmware?: (node: DriverNode, call: Call) => Promise<readonly FirmwareVersion[]>;
  /**
   * Puts an image into a virtual drive, in the place of what is in it; absent: there is none.
   * @throws IronpxeError DRIVER_MEDIA_*
   */
  readonly insertMedia?: (
    node: DriverNode,
    medium: { readonly device: MediaDevice; readonly imageUrl: string },
    call: Call,
  ) => Promise<void>;
  /** Empties the virtual drives of these kinds. */
  readonly ejectMedia?: (
    node: DriverNode,
    devices: readonly MediaDevice[],
    call: Call,
  ) => Promise<void>;
  /** Switches secure boot, from the next start on; absent: it cannot be set. */
  readonly setSecureBoot?: (node: DriverNode, on: boolean, call: Call) => Promise<void>;
  /**
   * Present when there is no machine behind the driver: its verbs boot and write nothing, and each
   * part of them takes as long as this waits.
   */
  readonly simulate?: (node: DriverNode, part: SimulatedPart, call: Call) => Promise<void>;
  /** Calls of its own, by name. */
  readonly vendorMethods?: Readonly<Record<string, VendorMethod>>;
  /**
   * Opens the serial console of the machine, which has one session at a time; absent: there is none.
   * The listening port that the node wishes for it, if any, is {@link consolePort}.
   */
  readonly openConsole?: (node: DriverNode, call: Call) => Promise<ConsoleStream>;
  readonly consolePort?: (node: DriverNode) => number | undefined;
  /** What `GET states/console` says of an enabled console of a machine that exists by name only. */
  readonly consoleInfo?: (node: DriverNode) => Readonly<Record<string, unknown>>;
  /** The lamps of its machines; absent: it knows of none. */
  readonly indicators?: Indicators;
  /** Keys of a logical disk in a RAID configuration → one sentence on each; absent: no RAID. */
  readonly raidProperties?: Readonly<Record<string, string>>;
}
