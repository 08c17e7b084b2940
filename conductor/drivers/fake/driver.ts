import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BootDevice,
  type Driver,
  type DriverNode,
  type Indicators,
  SIMULATED_PARTS,
} from '../types.ts';
import { delayMs } from './delay.ts';
import { FAKE_VENDOR_METHODS } from './vendor.ts';

/** Settings of fake-hardware. */
export type FakeOptions = {
  /** `power_delay`, `deploy_delay`, …: seconds or a range such as `1,5`; 0 by default. */
  readonly delays?: Readonly<Record<string, string>>;
  /** From 0 up to 1; `Math.random` by default. */
  readonly random?: () => number;
};

const PROPERTIES: Readonly<Record<string, string>> = Object.fromEntries(
  SIMULATED_PARTS.map((part) => [
    `fake_${part}_delay`,
    `Seconds that the ${part} interface takes, or a range such as 1,5. Optional.`,
  ]),
);

/** What a real RAID interface would be told of a logical disk (the keys are Ironic's). */
const RAID_PROPERTIES: Readonly<Record<string, string>> = {
  size_gb: 'Size in GiB, or MAX for what is left. Required.',
  raid_level: 'JBOD, 0, 1, 2, 5, 6, 1+0, 5+0 or 6+0. Required.',
  volume_name: 'Name of the volume. Optional.',
  is_root_volume: 'Whether the system goes onto this disk; true for one of them. Optional.',
  number_of_physical_disks: 'How many disks it is made of. Optional.',
  physical_disks: 'Which disks it is made of. Optional.',
  controller: 'The controller that makes it. Optional.',
  disk_type: 'hdd or ssd. Optional.',
  interface_type: 'sata, scsi or sas. Optional.',
  share_physical_disks: 'Whether other volumes may use the same disks. Optional.',
};

/** Two lamps, always lit, as Ironic's fake-hardware has them. */
const INDICATORS: Indicators = {
  'led-0@chassis': { readonly: true, states: ['off', 'on'], state: 'on' },
  'led@system': { readonly: false, states: ['blinking', 'off', 'on'], state: 'on' },
};

/**
 * The hardware type `fake-hardware`: no machine, for tests of what stands above it. Every verb ends
 * well after the configured delays. The power state is what was set last; at first it is off.
 */
export function createFakeDriver(options: FakeOptions = {}): Driver {
  const { delays = {}, random = Math.random } = options;
  const bootDevices = new Map<string, { device: BootDevice; persistent: boolean }>();
  const timeOf = (node: DriverNode, part: string) => {
    const name = `fake_${part}_delay`;
    return delayMs(node.driverInfo[name] ?? delays[`${part}_delay`] ?? '0', name, random);
  };
  const simulate: NonNullable<Driver['simulate']> = async (node, part, { signal }) => {
    await sleep(timeOf(node, part), undefined, { signal });
  };
  return {
    name: 'fake-hardware',
    properties: PROPERTIES,
    supportedBootDevices: ['pxe'],
    interfaces: INTERFACES,
    validate(node) {
      for (const part of SIMULATED_PARTS) timeOf(node, part);
    },
    async powerState(node, call) {
      await simulate(node, 'power', call);
      return node.lastPowerState ?? 'power off';
    },
    setPower: (node, _target, call) => simulate(node, 'power', call),
    softPower: (node, _target, call) => simulate(node, 'power', call),
    async bootDevice(node, call) {
      await simulate(node, 'management', call);
      return bootDevices.get(node.uuid) ?? { device: 'pxe', persistent: false };
    },
    async setBootDevice(node, device, call) {
      await simulate(node, 'management', call);
      bootDevices.set(node.uuid, { device, persistent: call.persistent });
    },
    setBootMode: (node, _mode, call) => simulate(node, 'management', call),
    setSecureBoot: (node, _on, call) => simulate(node, 'management', call),
    // Ironic's fake firmware is made of no components.
    async firmware(node, call) {
      await simulate(node, 'firmware', call);
      return [];
    },
    simulate,
    vendorMethods: FAKE_VENDOR_METHODS,
    consoleInfo: () => ({}),
    indicators: INDICATORS,
    raidProperties: RAID_PROPERTIES,
  };
}

const INTERFACES: NonNullable<Driver['interfaces']> = {
  bios: ['fake', 'no-bios'],
  boot: ['fake'],
  console: ['fake', 'no-console'],
  deploy: ['fake'],
  firmware: ['fake', 'no-firmware'],
  inspect: ['fake', 'no-inspect'],
  management: ['fake'],
  network: ['noop', 'flat', 'neutron'],
  power: ['fake'],
  raid: ['fake', 'no-raid'],
  rescue: ['fake', 'no-rescue'],
  storage: ['noop', 'fake'],
  vendor: ['fake', 'no-vendor'],
};
