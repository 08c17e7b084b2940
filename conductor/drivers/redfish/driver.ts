import { IronpxeError } from '../../errors/error.ts';
import { createPacer } from '../bmc/pacing.ts';
import { waitForPower } from '../bmc/readBack.ts';
import type { Driver, DriverNode, PowerState, PowerTarget } from '../types.ts';
import { bootDeviceOf, bootModeChange, bootOverride } from './boot.ts';
import { redfishClient, type RedfishClient } from './client.ts';
import { parseRedfishInfo, REDFISH_PROPERTIES } from './driverInfo.ts';
import { firmwareOf } from './firmware.ts';
import { reset, resetTypeFor } from './reset.ts';
import { createSessionBook } from './sessions.ts';
import { modelOf, powerStateOf, readSystem, systemPath, type System } from './system.ts';
import { ejectMedia, insertMedia, type MediaMachine } from './virtualMedia.ts';

/** Settings of the redfish driver; each has a default. */
export type RedfishOptions = {
  /** 10,000 by default. */
  readonly connectTimeoutMs?: number;
  /** From a request to the end of its answer; 60,000 by default. */
  readonly readTimeoutMs?: number;
  /** How often a BMC is called that refuses to be connected; 3 by default. */
  readonly attempts?: number;
  /** 4,000 by default. */
  readonly retryEveryMs?: number;
  /** How long a BMC that has no time is asked again; 60,000 by default. */
  readonly busyForMs?: number;
  /** How long a power state may take to be reached; 90,000 by default. */
  readonly powerDeadlineMs?: number;
  /** How long a system may take to shut down when it is asked to; 600,000 by default. */
  readonly softDeadlineMs?: number;
  /** How long a virtual drive may take to have its image, or to be empty; 90,000 by default. */
  readonly mediaDeadlineMs?: number;
  /** Unit of the pauses when a power state or a virtual drive is read back; 1,000 by default. */
  readonly pauseMs?: number;
};

/** A system and the way to its BMC. */
type Machine = {
  readonly client: RedfishClient;
  readonly system: System;
  readonly reach: (wished: PowerState, deadlineMs: number) => Promise<void>;
  readonly powerDeadlineMs: number;
};

/** The driver `redfish`: machines whose BMC speaks DMTF's Redfish (DSP0266). */
export function createRedfishDriver(options: RedfishOptions = {}): Driver {
  const { powerDeadlineMs = 90_000, softDeadlineMs = 600_000, pauseMs = 1000 } = options;
  const { mediaDeadlineMs = 90_000 } = options;
  const client = {
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    readTimeoutMs: options.readTimeoutMs ?? 60_000,
    attempts: options.attempts ?? 3,
    retryEveryMs: options.retryEveryMs ?? 4000,
    busyForMs: options.busyForMs ?? 60_000,
  };
  const sessions = createSessionBook(client);
  const pace = createPacer(0);

  const on = <T>(
    node: DriverNode,
    signal: AbortSignal,
    work: (machine: Machine) => Promise<T>,
  ): Promise<T> => {
    const info = parseRedfishInfo(node.driverInfo);
    // One at a time for each BMC: changes that cross each other end in 412 or in the wrong order.
    return pace(info.origin + info.prefix, signal, async () => {
      const bmc = redfishClient(info, sessions, client, signal);
      const path = await systemPath(bmc, info);
      const read = async () => powerStateOf(await readSystem(bmc, path));
      const subject = `${info.origin}${path}`;
      const reach = (wished: PowerState, deadlineMs: number) =>
        waitForPower(wished, { subject, read, signal, deadlineMs, pauseMs });
      const system = await readSystem(bmc, path);
      return work({ client: bmc, system, reach, powerDeadlineMs });
    });
  };

  const onDrives = <T>(
    node: DriverNode,
    signal: AbortSignal,
    work: (machine: MediaMachine) => Promise<T>,
  ): Promise<T> =>
    on(node, signal, ({ client: bmc, system }) =>
      work({ client: bmc, system, signal, deadlineMs: mediaDeadlineMs, pauseMs }),
    );

  return {
    name: 'redfish',
    properties: REDFISH_PROPERTIES,
    supportedBootDevices: ['pxe', 'disk', 'cdrom'],
    interfaces: {
      power: ['redfish'],
      management: ['redfish'],
      firmware: ['redfish', 'no-firmware'],
    },
    validate: (node) => void parseRedfishInfo(node.driverInfo),
    endpoint: (node) => parseRedfishInfo(node.driverInfo).origin,
    powerState: (node, { signal }) => on(node, signal, async ({ system }) => powerStateOf(system)),
    setPower: (node, target, { signal }) => on(node, signal, (it) => setPower(it, target)),
    softPower: (node, target, { signal }) =>
      on(node, signal, (it) => softPower(it, target, softDeadlineMs)),
    reset: (node, { signal }) =>
      on(node, signal, async (it) => {
        await reset(it.client, it.system, 'reset');
        await it.reach('power on', powerDeadlineMs);
      }),
    model: (node, { signal }) => on(node, signal, async ({ system }) => modelOf(system)),
    bootDevice: (node, { signal }) => on(node, signal, async ({ system }) => bootDeviceOf(system)),
    setBootDevice: (node, device, { persistent, signal }) =>
      on(node, signal, (it) => {
        const changes = bootOverride(it.system, device, { persistent, bootMode: node.bootMode });
        return it.client.patch(it.system.path, changes);
      }),
    setBootMode: (node, mode, { signal }) =>
      on(node, signal, (it) => it.client.patch(it.system.path, bootModeChange(it.system, mode))),
    firmware: (node, { signal }) => on(node, signal, (it) => firmwareOf(it.client, it.system)),
    insertMedia: (node, { device, imageUrl }, { signal }) =>
      onDrives(node, signal, (it) => insertMedia(it, device, imageUrl)),
    ejectMedia: (node, devices, { signal }) =>
      onDrives(node, signal, (it) => ejectMedia(it, devices)),
    setSecureBoot: (node, wanted, { signal }) => on(node, signal, (it) => secureBoot(it, wanted)),
    close: () => sessions.close(),
  };
}

/** A reboot is off and on: the boot device counts from a cold start on every machine. */
async function setPower(machine: Machine, target: PowerTarget): Promise<void> {
  const { client, system, reach, powerDeadlineMs } = machine;
  const found = powerStateOf(system);
  if (target !== 'power on' && found === 'power on') {
    await reset(client, system, 'off');
    await reach('power off', powerDeadlineMs);
  }
  if (target === 'power off' || (target === 'power on' && found === 'power on')) return;
  await reset(client, system, 'on');
  await reach('power on', powerDeadlineMs);
}

async function softPower(
  machine: Machine,
  target: 'soft power off' | 'soft rebooting',
  softDeadlineMs: number,
): Promise<void> {
  const { client, system, reach, powerDeadlineMs } = machine;
  const isOn = powerStateOf(system) === 'power on';
  const graceful = await resetTypeFor(client, system, 'softReboot');
  if (isOn && target === 'soft rebooting' && graceful !== undefined) {
    await reset(client, system, 'softReboot');
    return reach('power on', powerDeadlineMs);
  }
  if (isOn) {
    await reset(client, system, 'softOff');
    await reach('power off', softDeadlineMs);
  }
  if (target === 'soft power off') return;
  await reset(client, system, 'on');
  await reach('power on', powerDeadlineMs);
}

async function secureBoot({ client, system }: Machine, wanted: boolean): Promise<void> {
  const path = system.SecureBoot?.['@odata.id'];
  if (path === undefined)
    throw new IronpxeError('DRIVER_BMC_REFUSED', `${system.path} has no SecureBoot resource.`);
  await client.patch(path, { SecureBootEnable: wanted });
}
