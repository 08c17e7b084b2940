import type { KernelLineReport } from './bootLine.ts';
import type { BootDevice, Driver, PowerTarget } from '../drivers/types.ts';
import type { Verb } from '../states/index.ts';
import type { Node } from '../store/types.ts';

/** Result of `validate` for one interface, in Ironic's form. */
export type Validation = { readonly result: boolean; readonly reason?: string };

/** What the ramdisk POSTs to `pass_deploy_info`, parsed. */
export type DeployInfo = {
  readonly address: string;
  readonly key: string;
  readonly iqn: string;
  readonly listenPort: number;
  readonly lun: number;
  /** What the ramdisk could not do; the deploy fails with it. */
  readonly error?: string;
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
  provision(node: Node, verb: Verb, options: { readonly configDrive?: string }): Promise<void>;
  /** Begins to switch the machine. */
  power(node: Node, target: PowerTarget): Promise<void>;
  bootDevice(
    node: Node,
  ): Promise<{ device: BootDevice | undefined; persistent: boolean | undefined }>;
  setBootDevice(node: Node, device: BootDevice, persistent: boolean): Promise<void>;
  /** Per interface (power, management, boot, deploy), whether a deploy could begin. */
  validate(node: Node): Promise<Readonly<Record<string, Validation>>>;
  /** The kernel line of the node's own system, with where its parts come from. */
  kernelLine(node: Node): Promise<KernelLineReport>;
  /** Takes in the ramdisk's call; journaled before it returns. @throws DEPLOY_KEY_MISMATCH, … */
  passDeployInfo(node: Node, info: DeployInfo): Promise<void>;
  /** Runs `change` while the node is reserved, waiting out short work first. @throws NODE_LOCKED */
  whileLocked<T>(node: Node, change: () => Promise<T>): Promise<T>;
}
