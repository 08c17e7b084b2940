import type { AgentIdentity } from './agent/inspection.ts';
import type { KernelLineReport } from './bootLine.ts';
import type { ConsoleDesk } from './consoleDesk.ts';
import type { ImageFields } from './namedImage.ts';
import type {
  BootDevice,
  Driver,
  MediaDevice,
  PowerTarget,
  SoftPowerTarget,
} from '../drivers/types.ts';
import type { Verb } from '../states/index.ts';
import type { VifRequest } from '../networking/attachments.ts';
import type { JsonObject, Node } from '../store/types.ts';

/** Result of `validate` for one interface, in Ironic's form. */
export type Validation = { readonly result: boolean; readonly reason?: string };

/** What the ramdisk POSTs to `pass_deploy_info`, parsed. */
export type DeployInfo = {
  readonly address: string;
  readonly key: string;
  /** Absent when the ramdisk was booted without a disk. */
  readonly iqn?: string;
  readonly listenPort: number;
  readonly lun: number;
  /** The random number of a ramdisk that takes commands; classic ones send none. */
  readonly nonce?: string;
  /** The uptime, in seconds, at which each stage of the ramdisk was reached. */
  readonly stages?: Readonly<Record<string, number>>;
  /** What the ramdisk could not do; the deploy fails with it. */
  readonly error?: string;
};

/** What a classic ramdisk POSTs to `pass_bootloader_install_info`, parsed. */
export type LoaderInfo = {
  readonly address: string;
  readonly key: string;
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly error: string;
};

/** What a ramdisk that takes commands is answered: our random number. */
export type DeployReply = { readonly nonce: string };

/** What an agent (IPA) reports, parsed. */
export type Heartbeat = {
  readonly callbackUrl: string;
  readonly token: string | null;
  readonly version: string | null;
  /** PEM of the certificate by which the agent is reached with https. */
  readonly verifyCa: string | null;
  readonly status: 'start' | 'end' | 'error' | null;
  readonly statusMessage: string | null;
  /** Whether the node's state expects an agent; what comes otherwise is checked and forgotten. */
  readonly expected: boolean;
};

/** What an agent (IPA) found in an inspection, in its own form. */
export type InspectionReport = {
  readonly inventory: JsonObject;
  readonly pluginData: JsonObject;
  /** What its collectors could not do. */
  readonly error: string | null;
};

/** What the ramdisk on a machine of no node tells, parsed. */
export type StrangerReport = {
  /** Where its commands are taken. */
  readonly address: string;
  readonly key: string;
  readonly nonce: string;
  /** The lines with which the ramdisk's command `inventory` answers. */
  readonly inventory: readonly string[];
};

/** What it is answered: which node it is now, and our random number. */
export type EnrollReply = {
  readonly uuid: string;
  readonly name: string | null;
  readonly nonce: string;
};

/** A step that a user names; `priority` only of deploy steps. */
export type AskedStep = {
  readonly interface: string;
  readonly step: string;
  readonly args?: Readonly<Record<string, unknown>> | undefined;
  readonly priority?: number | undefined;
};

/** An image for a virtual drive. */
export type Medium = {
  readonly device: MediaDevice;
  readonly imageUrl: string;
  /** Whether the conductor fetches it and serves it to the BMC; if not, the BMC has the URL. */
  readonly serveIt: boolean;
};

/** What goes with a verb. */
export type ProvisionOptions = {
  /** Base64 of a gzipped image, or a URL; with deploy and rebuild. */
  readonly configDrive?: string;
  /** With clean, in this order. */
  readonly cleanSteps?: readonly AskedStep[];
  /** With deploy and rebuild; they come before those of deploy templates. */
  readonly deploySteps?: readonly AskedStep[];
  /** With service, in this order; without any, the disk is compared with its deploy. */
  readonly serviceSteps?: readonly AskedStep[];
  readonly rescuePassword?: string;
  /** With clean: no ramdisk is booted for it. */
  readonly disableRamdisk?: boolean;
};

/**
 * What the API asks of the conductor. Verbs and power return once the work is journaled or begun,
 * not when it is done. All throw IronpxeError; a lock held by other work is waited for shortly.
 */
export interface Conductor {
  readonly name: string;
  readonly drivers: ReadonlyMap<string, Driver>;
  /**
   * Begins a verb: checks it, changes the state and journals its steps.
   * @throws NODE_LOCKED (illegal now, but busy), INVALID_STATE, VERB_UNSUPPORTED,
   *   NODE_IN_MAINTENANCE, and what validation finds
   */
  provision(node: Node, verb: Verb, options: ProvisionOptions): Promise<void>;
  /** Begins to switch the machine. */
  power(
    node: Node,
    target: PowerTarget | SoftPowerTarget,
    options?: { readonly timeoutSeconds?: number | undefined },
  ): Promise<void>;
  bootDevice(
    node: Node,
  ): Promise<{ device: BootDevice | undefined; persistent: boolean | undefined }>;
  setBootDevice(node: Node, device: BootDevice, persistent: boolean): Promise<void>;
  /** Per interface (power, management, boot, deploy), whether a deploy could begin. */
  validate(node: Node): Promise<Readonly<Record<string, Validation>>>;
  /** The kernel line of the node's own system, with where its parts come from. */
  kernelLine(node: Node): Promise<KernelLineReport>;
  /**
   * Checks an image before it gets a name.
   * @throws DEPLOY_PARAMETER_INVALID, DEPLOY_PARAMETER_MISSING, IMAGE_PATH_NOT_ALLOWED
   */
  checkImage(image: ImageFields): Promise<void>;
  /** Takes in the ramdisk's call; journaled before it returns. @throws DEPLOY_KEY_MISMATCH, … */
  passDeployInfo(node: Node, info: DeployInfo): Promise<DeployReply | undefined>;
  /** Takes in how a classic ramdisk fared with the boot loader. @throws DEPLOY_KEY_MISMATCH, … */
  passLoaderInfo(node: Node, info: LoaderInfo): Promise<void>;
  /**
   * The token of the agent that a node boots now, made at the first look-up; hidden at later ones,
   * so that only the agent that came first can report.
   */
  agentToken(node: Node): Promise<string>;
  /** Takes in an agent's report. @throws AGENT_TOKEN_INVALID, AGENT_URL_CHANGED */
  passHeartbeat(node: Node, heartbeat: Heartbeat): Promise<void>;
  /** The node on which an agent runs that was started for an inspection. @throws NODE_NOT_FOUND */
  inspectedNode(agent: AgentIdentity): Promise<Node>;
  /**
   * Takes in what an agent found in an inspection; journaled before it returns.
   * @throws NODE_NOT_FOUND when the node does not wait for it any more
   */
  continueInspection(nodeUuid: string, report: InspectionReport): Promise<void>;
  /**
   * Makes a node of a machine that told what it is made of; the same machine again is the same node.
   * @throws ENROLL_UNWANTED, ENROLL_LIMIT, DEPLOY_KEY_MISMATCH, MAC_EXISTS
   */
  enroll(report: StrangerReport): Promise<EnrollReply>;
  /** Begins to look for a node for an allocation; what comes of it stands in its record. */
  allocate(allocationUuid: string): void;
  /** Gives an allocation the node that it names. @throws ALLOCATION_FAILED, NODE_ASSOCIATED */
  backfill(allocationUuid: string, node: Node): Promise<void>;
  /** Makes the firmware start machines so. @throws BOOT_MODE_UNSUPPORTED */
  setBootMode(node: Node, mode: 'bios' | 'uefi'): Promise<void>;
  /** @throws BOOT_MODE_UNSUPPORTED */
  setSecureBoot(node: Node, on: boolean): Promise<void>;
  /**
   * Begins to put an image into a virtual drive; what goes wrong later stands in `last_error`.
   * @throws UNSUPPORTED_EXTENSION, NODE_POWER_FAILURE, DRIVER_INFO_INVALID, NODE_LOCKED
   */
  attachMedia(node: Node, medium: Medium): Promise<void>;
  /** Begins to empty virtual drives of these kinds, in the same way. */
  detachMedia(node: Node, devices: readonly MediaDevice[]): Promise<void>;
  /** The VIFs (ports of Neutron) that are attached to a node. */
  listVifs(node: Node): Promise<readonly string[]>;
  /** @throws VIF_*, NETWORK_NOT_CONFIGURED, OPENSTACK_*, NODE_LOCKED */
  attachVif(node: Node, request: VifRequest): Promise<void>;
  /** @throws VIF_NOT_ATTACHED, NETWORK_NOT_CONFIGURED, OPENSTACK_*, NODE_LOCKED */
  detachVif(node: Node, vif: string): Promise<void>;
  /** Serial consoles that are open. */
  readonly consoles: Pick<ConsoleDesk, 'set' | 'infoOf'>;
  /** Runs `change` while the node is reserved, waiting out short work first. @throws NODE_LOCKED */
  whileLocked<T>(node: Node, change: () => Promise<T>): Promise<T>;
}
