import { IronpxeError } from '../../errors/error.ts';
import type { BootDevice, Driver, DriverNode, PowerTarget } from '../types.ts';
import {
  bootOrderWithFirst,
  firstBootDevice,
  readBootOrder,
  readRestore,
  writeBootOrder,
} from './bootOrder.ts';
import { parseSshInfo, SSH_PROPERTIES } from './driverInfo.ts';
import { switchOff, switchOn, type ReadBack } from './power.ts';
import { openSession } from './session.ts';
import { machineByMacs, virshOn, type Machine, type Virsh } from './virsh.ts';

/** Settings of the pxe_ssh driver; each has a default. */
export type PxeSshOptions = {
  /** Used where a node has no `ssh_libvirt_uri`; `qemu:///system` by default. */
  readonly libvirtUri?: string;
  /**
   * Where host keys are remembered: the first one seen of a host is trusted, a different one later
   * is refused. Without it every host key is accepted.
   */
  readonly knownHostsFile?: string;
  /** 10 by default. */
  readonly connectTimeoutSeconds?: number;
  /** Bound of a single virsh command; 60,000 by default. */
  readonly commandTimeoutMs?: number;
  /** How long a power state may take to be reached; 30,000 by default. */
  readonly powerDeadlineMs?: number;
};

type Work<T> = (virsh: Virsh, machine: Machine) => Promise<T>;

/**
 * The driver `pxe_ssh`: virtual machines of a libvirt host as bare metal, by virsh over SSH. The
 * machine of a node is the one that has a NIC with any of the MACs of the node's ports.
 *
 * A boot device takes effect when the machine is next started, not at a reset from inside.
 * libvirt knows no one-time boot device: for `persistent: false` the former order is kept in the
 * domain's metadata and put back as soon as this driver has started the machine.
 */
export function createPxeSshDriver(options: PxeSshOptions = {}): Driver {
  const { powerDeadlineMs = 30_000 } = options;
  const on = <T>(node: DriverNode, signal: AbortSignal, work: Work<T>): Promise<T> =>
    withMachine(options, node, signal, work);
  return {
    name: 'pxe_ssh',
    properties: SSH_PROPERTIES,
    supportedBootDevices: ['pxe', 'disk', 'cdrom'],
    validate(node) {
      parseInfo(options, node);
      if (node.macs.length === 0)
        throw new IronpxeError(
          'DRIVER_INFO_INVALID',
          `Node ${node.uuid} has no ports; one is needed.`,
        );
    },
    powerState: (node, { signal }) => on(node, signal, async (_, machine) => machine.powerState),
    setPower: (node, target, { signal }) =>
      on(node, signal, (virsh, machine) =>
        setPower(virsh, machine, target, { signal, deadlineMs: powerDeadlineMs, pollMs: 250 }),
      ),
    // libvirt: a domain that runs keeps the order with which it was started.
    bootDeviceAtPowerOn: true,
    bootDevice: (node, { signal }) => on(node, signal, async (_, machine) => bootDevice(machine)),
    setBootDevice: (node, device, { signal, persistent }) =>
      on(node, signal, (virsh, machine) => setBootDevice(virsh, machine, node, device, persistent)),
  };
}

async function withMachine<T>(
  options: PxeSshOptions,
  node: DriverNode,
  signal: AbortSignal,
  work: Work<T>,
): Promise<T> {
  const info = parseInfo(options, node);
  await using session = await openSession(info, {
    signal,
    knownHostsFile: options.knownHostsFile,
    connectTimeoutSeconds: options.connectTimeoutSeconds ?? 10,
    commandTimeoutMs: options.commandTimeoutMs ?? 60_000,
  });
  const virsh = virshOn(session, info.libvirtUri);
  return await work(virsh, machineByMacs(await virsh.machines(), node.macs));
}

function parseInfo(options: PxeSshOptions, node: DriverNode): ReturnType<typeof parseSshInfo> {
  return parseSshInfo(node.driverInfo, options.libvirtUri ?? 'qemu:///system');
}

async function setPower(
  virsh: Virsh,
  machine: Machine,
  target: PowerTarget,
  readBack: ReadBack,
): Promise<void> {
  const isOn = machine.powerState === 'power on';
  if (isOn && target !== 'power on') await switchOff(virsh, machine, readBack);
  const startsNow = target === 'rebooting' || (target === 'power on' && !isOn);
  if (startsNow) await switchOn(virsh, machine, readBack);
}

function bootDevice({ domain }: Machine): {
  readonly device: BootDevice | undefined;
  readonly persistent: boolean;
} {
  const device = firstBootDevice(domain, readBootOrder(domain));
  return { device, persistent: readRestore(domain) === undefined };
}

async function setBootDevice(
  virsh: Virsh,
  { domain }: Machine,
  node: DriverNode,
  device: BootDevice,
  persistent: boolean,
): Promise<void> {
  const order = bootOrderWithFirst(domain, device, node.macs);
  if (order === undefined)
    throw new IronpxeError(
      'DRIVER_BOOT_DEVICE',
      `Machine "${domain.name}" has no ${device} to boot.`,
    );
  const restore = persistent ? undefined : (readRestore(domain) ?? readBootOrder(domain));
  const xml = writeBootOrder(domain, order, restore);
  if (xml !== domain.xml) await virsh.define(xml);
}
