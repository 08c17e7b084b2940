import { z } from 'zod';
import { IronpxeError } from '../errors/error.ts';
import { canonicalRef, glanceId } from '../images/glance.ts';
import type { Glance } from '../openstack/glance.ts';
import type { Node } from '../store/types.ts';

/** Where it stands in the node's `driver_internal_info` while the instance lives. */
export const DEPLOY_IMAGE_KEY = 'glance_image';

const text = z.string().optional();
const deployImage = z.object({
  /** `glance://UUID`: of which `image_source` this was read. */
  source: z.string(),
  format: z.enum(['raw', 'qcow2']),
  type: z.enum(['partition', 'whole-disk']),
  kernel: text,
  ramdisk: text,
  boot: z.object({ appendParams: text, rootDevice: text, wholeLine: text }),
});

/** What Glance said of the image when the deploy began, in the terms of a deploy. */
export type DeployImage = z.output<typeof deployImage>;

/**
 * Asks Glance for what it knows of the node's image; `undefined` for an image from elsewhere.
 * @throws IronpxeError IMAGE_NOT_FOUND, GLANCE_IMAGE_UNUSABLE, OPENSTACK_*
 */
export async function lookUpImage(
  glance: Glance | undefined,
  node: Node,
  signal?: AbortSignal,
): Promise<DeployImage | undefined> {
  const source = sourceOf(node);
  const id = source === undefined ? undefined : glanceId(source);
  if (source === undefined || id === undefined) return undefined;
  if (glance === undefined)
    throw new IronpxeError(
      'OPENSTACK_NOT_CONFIGURED',
      `instance_info/image_source is the Glance image ${id}, and no Keystone is configured.`,
    );
  const { format, type, kernelId, ramdiskId, boot } = await glance.describe(id, signal);
  const isPartition = kernelId !== undefined || ramdiskId !== undefined;
  return {
    source,
    format,
    type: type ?? (isPartition ? 'partition' : 'whole-disk'),
    kernel: kernelId && canonicalRef(kernelId),
    ramdisk: ramdiskId && canonicalRef(ramdiskId),
    boot: { ...boot },
  };
}

/** What was kept of the node's image; `undefined` when it is of another image or was never read. */
export function keptImage(node: Node): DeployImage | undefined {
  const parsed = deployImage.safeParse(node.driverInternalInfo[DEPLOY_IMAGE_KEY]);
  return parsed.success && parsed.data.source === sourceOf(node) ? parsed.data : undefined;
}

/** The node with what is known of its image, in place of what it had. */
export function withImage(node: Node, image: DeployImage | undefined): Node {
  const { [DEPLOY_IMAGE_KEY]: _, ...rest } = node.driverInternalInfo;
  return { ...node, driverInternalInfo: image ? { ...rest, [DEPLOY_IMAGE_KEY]: image } : rest };
}

function sourceOf(node: Node): string | undefined {
  const source = node.instanceInfo['image_source'];
  return typeof source === 'string' ? canonicalRef(source) : undefined;
}
