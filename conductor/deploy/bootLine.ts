import type { Config } from '../config/schema.ts';
import { explain } from '../errors/error.ts';
import type { Node } from '../store/types.ts';
import { keptImage, lookUpImage, withImage } from './deployImage.ts';
import { kernelLine, type KernelLine } from './kernelLine.ts';
import { parseDeployRequest } from './request.ts';
import type { StepServices } from './steps/types.ts';

type Services = Pick<StepServices, 'config' | 'database' | 'glance'>;

/** A node is shown soon, also while Glance does not answer. */
const LOOK_UP_WITHIN_MS = 5_000;

/** What stands for the root that is only known once the disk is written. */
const ROOT_TO_COME = 'UUID=(found-on-the-disk)';

/** The kernel line of a node, or why it has none. */
export type KernelLineReport = {
  readonly line: string | null;
  readonly parts: KernelLine['parts'];
  readonly reason: string | null;
};

/**
 * The kernel line of a node's own system, from what stands in the node and its image.
 * @throws IronpxeError DEPLOY_PARAMETER_INVALID, DEPLOY_PARAMETER_MISSING
 */
export function bootKernelLine(
  node: Node,
  config: Pick<Config, 'pxe'>,
  rootOnDisk: string | undefined,
): KernelLine {
  return kernelLine({
    instanceInfo: node.instanceInfo['kernel_append_params'],
    driverInfo: node.driverInfo['kernel_append_params'],
    configured: config.pxe.append_params,
    image: keptImage(node)?.boot,
    rootOnDisk,
  });
}

/**
 * Checks what a deploy would take from the node and its image, before a disk is written, and tells
 * the kernel line; undefined for a machine that boots from its own disk.
 * @throws IronpxeError DEPLOY_PARAMETER_*, OPENSTACK_*, IMAGE_NOT_FOUND, GLANCE_IMAGE_UNUSABLE
 */
export async function checkBootLine(
  services: Services,
  node: Node,
): Promise<KernelLine | undefined> {
  const known = await withLookedUp(services, node);
  if (parseDeployRequest(known).bootsFromDisk) return undefined;
  return bootKernelLine(known, services.config, ROOT_TO_COME);
}

/** The line that the node boots, or would boot, and where each part comes from; never throws. */
export async function reportKernelLine(services: Services, node: Node): Promise<KernelLineReport> {
  const signal = AbortSignal.timeout(LOOK_UP_WITHIN_MS);
  try {
    const known = isWritten(node) ? node : await withLookedUp(services, node, signal);
    if (parseDeployRequest(known).bootsFromDisk)
      return { line: null, parts: [], reason: 'The machine boots from its own disk.' };
    const line = bootKernelLine(known, services.config, rootOf(node));
    return { ...line, reason: null };
  } catch (error) {
    const reason = signal.aborted
      ? `Glance did not answer within ${LOOK_UP_WITHIN_MS / 1000} s.`
      : explain(error);
    return { line: null, parts: [], reason };
  }
}

async function withLookedUp(services: Services, node: Node, signal?: AbortSignal): Promise<Node> {
  return withImage(node, await lookUpImage(services, node, signal));
}

/** From then on the image may change without any effect on the node. */
function isWritten(node: Node): boolean {
  return 'root_uuid_or_disk_id' in node.driverInternalInfo;
}

/** A disk that was written tells its root, which may be none that a UUID names (LVM). */
function rootOf(node: Node): string | undefined {
  if (!isWritten(node)) return ROOT_TO_COME;
  const root = node.driverInternalInfo['root_uuid_or_disk_id'];
  return typeof root === 'string' ? `UUID=${root}` : undefined;
}
