import { z } from 'zod';
import { IronpxeError } from '../errors/error.ts';
import { canonicalRef, glanceId } from '../images/glance.ts';
import { getImage } from '../store/images.ts';
import type { Node } from '../store/types.ts';
import { imageName } from './imageRef.ts';
import { namedImage, typeOf } from './namedImage.ts';
import type { StepServices } from './steps/types.ts';

/** Where it stands in the node's `driver_internal_info` while the instance lives. */
export const DEPLOY_IMAGE_KEY = 'glance_image';

const text = z.string().optional();
const deployImage = z.object({
  /** `glance://UUID` or `image://NAME`: of which `image_source` this was read. */
  source: z.string(),
  /** Where the content is; by default at `source`. */
  location: text,
  checksum: text,
  format: z.enum(['raw', 'qcow2']).optional(),
  type: z.enum(['partition', 'whole-disk']),
  kernel: text,
  ramdisk: text,
  minRootGib: z.number().optional(),
  boot: z.object({ appendParams: text, rootDevice: text, wholeLine: text }),
});

/** What was known of the image when the deploy began, in the terms of a deploy. */
export type DeployImage = z.output<typeof deployImage>;

/** Where images are looked up. */
export type ImageSources = Pick<StepServices, 'database' | 'glance'>;

/**
 * Asks Glance, or the conductor's own names, for what is known of the node's image; `undefined` for
 * an image from elsewhere, of which `instance_info` says all.
 * @throws IronpxeError IMAGE_NOT_FOUND, IMAGE_UNKNOWN, GLANCE_IMAGE_UNUSABLE, OPENSTACK_*
 */
export async function lookUpImage(
  sources: ImageSources,
  node: Node,
  signal?: AbortSignal,
): Promise<DeployImage | undefined> {
  const source = sourceOf(node);
  if (source === undefined) return undefined;
  const id = glanceId(source);
  if (id !== undefined) return lookUpInGlance(sources, source, id, signal);
  const name = imageName(source);
  return name === undefined ? undefined : lookUpName(sources, source, name);
}

async function lookUpInGlance(
  { glance }: ImageSources,
  source: string,
  id: string,
  signal: AbortSignal | undefined,
): Promise<DeployImage> {
  if (glance === undefined)
    throw new IronpxeError(
      'OPENSTACK_NOT_CONFIGURED',
      `instance_info/image_source is the Glance image ${id}, and no Keystone is configured.`,
    );
  const described = await glance.describe(id, signal);
  const { format, type, kernelId, ramdiskId, minRootGib, boot } = described;
  const isPartition = kernelId !== undefined || ramdiskId !== undefined;
  return {
    source,
    format,
    type: type ?? (isPartition ? 'partition' : 'whole-disk'),
    kernel: kernelId && canonicalRef(kernelId),
    ramdisk: ramdiskId && canonicalRef(ramdiskId),
    minRootGib,
    boot: { ...boot },
  };
}

async function lookUpName(
  { database }: ImageSources,
  source: string,
  name: string,
): Promise<DeployImage> {
  const fields = namedImage.parse((await getImage(database, name)).image);
  return {
    source,
    location: fields.image_source,
    checksum: fields.image_checksum,
    format: fields.image_disk_format,
    type: typeOf(fields),
    kernel: fields.kernel,
    ramdisk: fields.ramdisk,
    minRootGib: fields.min_root_gb,
    boot: {
      appendParams: fields.kernel_append_params,
      rootDevice: fields.root_device,
      wholeLine: fields.kernel_cmdline,
    },
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
