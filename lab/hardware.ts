import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunOptions, RunResult } from '../conductor/process/run.ts';
import type { Cidr, Ipv4 } from '../conductor/values/ipv4.ts';
import type { Mac } from '../conductor/values/mac.ts';
import { GIB } from '../conductor/values/units.ts';
import { defineMachine, startLibvirtd } from './libvirt.ts';
import {
  createDisk,
  domainXml,
  type Accelerator,
  type Firmware,
  type MachineSpec,
} from './machine.ts';
import {
  BRIDGE_ADDRESS,
  BRIDGE_NAME,
  createNetwork,
  LAB_SUBNET,
  netnsOf,
  runInNamespace,
  tapName,
} from './network.ts';
import { startRouterAdvertisements } from './routerAdvertisements.ts';
import { SSH_LISTEN_PORT, startSshd, type SshLogin } from './sshd.ts';
import { claimState, clearState, readRecord, writeRecord } from './state.ts';
import { createVhostFolders } from './vhost.ts';

/** A virtual bare-metal machine, off at first, with an empty disk. */
export type HardwareNode = {
  readonly name: string;
  readonly mac: Mac;
  readonly diskPath: string;
  readonly diskBytes: number;
  readonly memoryMib: number;
  /** All that its serial port said, over all its starts. */
  readonly serialLogPath: string;
  /** Who switches it; `pxe_ssh` by default. */
  readonly driver?: string;
  /** For that driver. */
  readonly driverInfo: Readonly<Record<string, string | number>>;
};

/** What a lab consists of, as plain data. */
export type HardwareFacts = {
  readonly name: string;
  readonly stateDir: string;
  readonly netns: string;
  readonly bridgeName: string;
  readonly bridgeAddress: Ipv4;
  readonly subnet: Cidr;
  readonly accelerator: Accelerator;
  readonly sshLogin: SshLogin;
  readonly nodes: readonly HardwareNode[];
};

/** Virtual bare metal that stands. Disposing of it removes everything. */
export type Hardware = HardwareFacts &
  AsyncDisposable & {
    /** Runs a program in the lab's network namespace. */
    run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
    /** Lets the lab stand when this process ends; a later {@link removeHardware} removes it. */
    release(): Promise<void>;
  };

/** What to build; everything but the name has a default. */
export type HardwareOptions = {
  /** Lower-case letters, digits and dashes; one lab of a name can stand at a time. */
  readonly name: string;
  /** Absolute. */
  readonly stateDir: string;
  /** 1 by default. */
  readonly nodes?: number;
  /** 512 by default. */
  readonly memoryMib?: number;
  /** 8 GiB by default; sparse. */
  readonly diskBytes?: number;
  /** `bios` by default; a list has one for each machine. */
  readonly firmware?: Firmware | readonly Firmware[];
  /** `qemu` (software) by default; see `chooseAccelerator`. */
  readonly accelerator?: Accelerator;
  /** Shared between labs: what libvirt remembers of QEMU. */
  readonly libvirtCacheDir?: string;
};

/**
 * Builds a lab: network namespace, bridge and taps, an sshd and a libvirtd of its own, and machines
 * that are off. Clears first what a killed lab of that name left. Needs root.
 * @throws LabFault
 */
export async function createHardware(options: HardwareOptions): Promise<Hardware> {
  const { name, stateDir, nodes = 1, accelerator = 'qemu' } = options;
  const cacheDir = options.libvirtCacheDir ?? join(tmpdir(), 'ironpxe-libvirt-cache');
  const netns = netnsOf(name);
  await claimState(stateDir, name);
  try {
    await createNetwork(netns, nodes);
    await startRouterAdvertisements(netns, stateDir);
    await createVhostFolders(stateDir, cacheDir);
    const sshLogin = await startSshd(netns, stateDir, cacheDir);
    await startLibvirtd(netns, stateDir, cacheDir);
    const facts: HardwareFacts = {
      name,
      stateDir,
      netns,
      bridgeName: BRIDGE_NAME,
      bridgeAddress: BRIDGE_ADDRESS,
      subnet: LAB_SUBNET,
      accelerator,
      sshLogin,
      nodes: await createNodes(options, sshLogin, nodes, accelerator),
    };
    await writeRecord(stateDir, { ...(await readRecord(stateDir)), name, details: facts });
    return standing(facts);
  } catch (error) {
    await clearState(stateDir, name);
    throw error;
  }
}

/**
 * Removes a lab, whether it stands whole, in part or not at all.
 * @returns how many processes were ended
 */
export function removeHardware(lab: {
  readonly name: string;
  readonly stateDir: string;
}): Promise<number> {
  return clearState(lab.stateDir, lab.name);
}

/** The facts of a lab that stands; `undefined` when there is none, or none that was finished. */
export async function findHardware(stateDir: string): Promise<HardwareFacts | undefined> {
  return (await readRecord(stateDir))?.details as HardwareFacts | undefined;
}

function standing(facts: HardwareFacts): Hardware {
  const { name, stateDir, netns } = facts;
  return {
    ...facts,
    run: (program, args, options) => runInNamespace(netns, program, args, options),
    release: () => writeRecord(stateDir, { name, details: facts }),
    async [Symbol.asyncDispose]() {
      await clearState(stateDir, name);
    },
  };
}

async function createNodes(
  options: HardwareOptions,
  sshLogin: SshLogin,
  count: number,
  accelerator: Accelerator,
): Promise<readonly HardwareNode[]> {
  const { stateDir, memoryMib = 512, diskBytes = 8 * GIB, firmware: wanted = 'bios' } = options;
  const nodes: HardwareNode[] = [];
  await mkdir(join(stateDir, 'nvram'), { recursive: true });
  for (let index = 0; index < count; index++) {
    const node = describeNode(stateDir, sshLogin, { index, memoryMib, diskBytes });
    const firmware = typeof wanted === 'string' ? wanted : (wanted[index] ?? 'bios');
    const nvramPath = join(stateDir, 'nvram', `${node.name}.fd`);
    const spec: MachineSpec = { ...node, tap: tapName(index), accelerator, firmware, nvramPath };
    await createDisk(node.diskPath, diskBytes);
    await createDisk(node.serialLogPath, 0);
    await defineMachine(stateDir, node.name, domainXml(spec));
    nodes.push(node);
  }
  return nodes;
}

function describeNode(
  stateDir: string,
  sshLogin: SshLogin,
  size: { readonly index: number; readonly memoryMib: number; readonly diskBytes: number },
): HardwareNode {
  const name = `node-${size.index + 1}`;
  return {
    name,
    mac: `52:54:00:1a:b0:${(size.index + 1).toString(16).padStart(2, '0')}` as Mac,
    diskPath: join(stateDir, 'disks', `${name}.raw`),
    diskBytes: size.diskBytes,
    memoryMib: size.memoryMib,
    serialLogPath: join(stateDir, 'serial', `${name}.log`),
    driverInfo: {
      ssh_address: BRIDGE_ADDRESS,
      ssh_port: SSH_LISTEN_PORT,
      ssh_username: sshLogin.username,
      ssh_key_filename: sshLogin.keyPath,
      ssh_virt_type: 'virsh',
    },
  };
}
