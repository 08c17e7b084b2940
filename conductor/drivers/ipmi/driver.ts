import { IronpxeError } from '../../errors/error.ts';
import { createPacer } from '../bmc/pacing.ts';
import { waitForPower } from '../bmc/readBack.ts';
import type { BootDevice, Driver, DriverNode, PowerState, PowerTarget } from '../types.ts';
import { DISABLE_BOOT_TIMEOUT, GET_BOOT_FLAGS, parseBootFlags, setBootFlags } from './bootFlags.ts';
import { openSol } from './console.ts';
import { IPMI_PROPERTIES, parseIpmiInfo, type IpmiInfo } from './driverInfo.ts';
import { bmcOf, ipmitoolOn, type Ipmitool } from './ipmitool.ts';
import { parseModel } from './model.ts';

/** Settings of the ipmi driver; each has a default. */
export type IpmiOptions = {
  /** Least time between two commands to one BMC; 5,000 by default, as Ironic's. */
  readonly minIntervalMs?: number;
  /** How long a busy BMC is asked again; 60,000 by default. */
  readonly retryForMs?: number;
  /** Bound of one run of ipmitool; 40,000 by default. */
  readonly commandTimeoutMs?: number;
  /** Seconds that ipmitool waits for an answer; 2 by default. */
  readonly waitSeconds?: number;
  /** How often ipmitool asks again; 3 by default. */
  readonly repeats?: number;
  /** How long a power state may take to be reached; 90,000 by default. */
  readonly powerDeadlineMs?: number;
  /** How long a system may take to shut down when it is asked to; 600,000 by default. */
  readonly softDeadlineMs?: number;
  /** Unit of the growing pauses when the power state is read back; 1,000 by default. */
  readonly pauseMs?: number;
};

type Bmc = Ipmitool & { readonly info: IpmiInfo };
type Switch = (bmc: Bmc, wished: PowerState, signal: AbortSignal) => Promise<void>;

/** Names under which nodes may have the driver: Ironic's hardware type, and its classic driver. */
export const IPMI_NAMES = ['ipmi', 'pxe_ipmitool'] as const;

/**
 * The drivers `ipmi` and `pxe_ipmitool`: machines with a BMC, by ipmitool. They share their pacing,
 * for a BMC stays the same whatever the node's driver is called.
 */
export function createIpmiDrivers(options: IpmiOptions = {}): readonly Driver[] {
  const { minIntervalMs = 5000 } = options;
  const pace = createPacer(minIntervalMs);
  const bmcFor = (name: string, node: DriverNode, signal: AbortSignal): Bmc => {
    const info = parseIpmiInfo(name, node.driverInfo);
    const tool = ipmitoolOn(info, {
      pace,
      signal,
      retryForMs: options.retryForMs ?? 60_000,
      retryEveryMs: Math.max(minIntervalMs, 100),
      commandTimeoutMs: options.commandTimeoutMs ?? 40_000,
      waitSeconds: options.waitSeconds ?? 2,
      repeats: options.repeats ?? 3,
    });
    return { ...tool, info };
  };
  return IPMI_NAMES.map((name) => ipmiDriver(name, options, bmcFor));
}

function ipmiDriver(
  name: string,
  options: IpmiOptions,
  bmcFor: (name: string, node: DriverNode, signal: AbortSignal) => Bmc,
): Driver {
  const { powerDeadlineMs = 90_000, softDeadlineMs = 600_000, pauseMs = 1000 } = options;
  const on = (node: DriverNode, signal: AbortSignal) => bmcFor(name, node, signal);
  const reach = (bmc: Bmc, wished: PowerState, deadlineMs: number, signal: AbortSignal) =>
    waitForPower(wished, {
      subject: `The machine of BMC ${bmcOf(bmc.info)}`,
      read: () => readPower(bmc),
      signal,
      deadlineMs,
      pauseMs,
    });
  const switchTo: Switch = async (bmc, wished, signal) => {
    await bmc.command(['power', wished === 'power on' ? 'on' : 'off']);
    await reach(bmc, wished, powerDeadlineMs, signal);
  };
  return {
    name,
    properties: IPMI_PROPERTIES,
    supportedBootDevices: ['pxe', 'disk', 'cdrom'],
    interfaces: {
      power: ['ipmitool'],
      management: ['ipmitool'],
      console: ['ipmitool-socat', 'no-console'],
    },
    validate: (node) => void parseIpmiInfo(name, node.driverInfo),
    endpoint: (node) => bmcOf(parseIpmiInfo(name, node.driverInfo)),
    powerState: (node, { signal }) => readPower(on(node, signal)),
    setPower: (node, target, { signal }) => setPower(on(node, signal), target, switchTo, signal),
    async softPower(node, target, { signal }) {
      const bmc = on(node, signal);
      if ((await readPower(bmc)) === 'power on') {
        await bmc.command(['power', 'soft']);
        await reach(bmc, 'power off', softDeadlineMs, signal);
      }
      if (target === 'soft rebooting') await switchTo(bmc, 'power on', signal);
    },
    async reset(node, { signal }) {
      const bmc = on(node, signal);
      await bmc.command(['power', 'reset']);
      await reach(bmc, 'power on', powerDeadlineMs, signal);
    },
    model: async (node, { signal }) => parseModel(await on(node, signal).command(['mc', 'info'])),
    async bootDevice(node, { signal }) {
      const found = parseBootFlags(await on(node, signal).command(GET_BOOT_FLAGS));
      return found ?? { device: undefined, persistent: undefined };
    },
    setBootDevice: (node, device, { persistent, signal }) =>
      setBootDevice(on(node, signal), node, device, persistent),
    openConsole: (node, { signal }) => openSol(on(node, signal), signal),
    consolePort: (node) => parseIpmiInfo(name, node.driverInfo).terminalPort,
  };
}

async function readPower(bmc: Bmc): Promise<PowerState> {
  const output = await bmc.command(['power', 'status']);
  const [, state] = /Chassis Power is (on|off)/.exec(output) ?? [];
  if (state === 'on' || state === 'off') return `power ${state}`;
  const found = JSON.stringify(output.trim().split('\n').at(-1)?.slice(0, 100));
  throw new IronpxeError(
    'DRIVER_BMC_REFUSED',
    `BMC ${bmcOf(bmc.info)}: "power status" answered ${found}, expected "Chassis Power is on" or "off".`,
  );
}

/** A reboot is off and on: a reset leaves devices in the state in which a hung system left them. */
async function setPower(
  bmc: Bmc,
  target: PowerTarget,
  switchTo: Switch,
  signal: AbortSignal,
): Promise<void> {
  const found = await readPower(bmc);
  if (target !== 'power on' && found === 'power on') await switchTo(bmc, 'power off', signal);
  const startsNow = target === 'rebooting' || (target === 'power on' && found === 'power off');
  if (startsNow) await switchTo(bmc, 'power on', signal);
}

async function setBootDevice(
  bmc: Bmc,
  node: DriverNode,
  device: BootDevice,
  persistent: boolean,
): Promise<void> {
  if (bmc.info.disableBootTimeout) await ignoreRefusal(bmc.command(DISABLE_BOOT_TIMEOUT));
  const { bootMode, model } = node;
  await bmc.command(setBootFlags(device, { persistent, bootMode, model }));
}

/** A BMC without the time-out parameter refuses it, and needs it not. */
async function ignoreRefusal(command: Promise<unknown>): Promise<void> {
  await command.catch((error: unknown) => {
    if (!(error instanceof IronpxeError) || error.code !== 'DRIVER_BMC_REFUSED') throw error;
  });
}
