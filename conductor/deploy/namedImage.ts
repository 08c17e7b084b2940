import { z } from 'zod';
import { IronpxeError } from '../errors/error.ts';
import { localImage } from '../images/localImage.ts';
import { fileRef } from './imageRef.ts';
import { checkKernelParameters, checkRootDevice } from './kernelParameters.ts';

const text = z.string().optional();

/** What a name stands for: an image with all that a deploy of it needs. Names as in Ironic and Glance. */
export const namedImage = z.strictObject({
  image_source: z
    .string()
    .regex(/^(file|https?):\/\/\S+$/, 'expected a file://, http:// or https:// URL'),
  image_type: z.enum(['partition', 'whole-disk']).optional(),
  image_disk_format: z.enum(['raw', 'qcow2']).optional(),
  image_checksum: z
    .string()
    .regex(/^([0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f]{128})$/i, 'expected 32, 64 or 128 hex digits')
    .optional(),
  kernel: fileRef.optional(),
  ramdisk: fileRef.optional(),
  /** What `root_gb` is when the instance does not say, in GiB. */
  min_root_gb: z.int().min(1).optional(),
  kernel_append_params: text,
  root_device: text,
  kernel_cmdline: text,
});

/** What a name stands for. */
export type ImageFields = z.output<typeof namedImage>;

/** A partition image has kernel and ramdisk beside it; whole disks bring their own. */
export function typeOf(image: ImageFields): 'partition' | 'whole-disk' {
  const isBare = image.kernel === undefined && image.ramdisk === undefined;
  return image.image_type ?? (isBare ? 'whole-disk' : 'partition');
}

/**
 * Checks what the form alone cannot tell: that the fields go together, that the boot options can
 * stand on a kernel line, and that this host has the files.
 * @throws IronpxeError DEPLOY_PARAMETER_INVALID, DEPLOY_PARAMETER_MISSING, IMAGE_PATH_NOT_ALLOWED,
 *   IMAGE_NOT_FOUND
 */
export async function checkImage(
  image: ImageFields,
  allowedFolders: readonly string[],
): Promise<void> {
  const { kernel, ramdisk, image_source: source, root_device: root } = image;
  const missing = kernel === undefined ? 'kernel' : 'ramdisk';
  if (typeOf(image) === 'partition' && (kernel === undefined || ramdisk === undefined))
    throw new IronpxeError(
      'DEPLOY_PARAMETER_MISSING',
      `A partition image boots with a kernel and a ramdisk; ${missing} is missing.`,
    );
  for (const name of ['kernel_append_params', 'kernel_cmdline'] as const)
    if (image[name] !== undefined) checkKernelParameters(name, image[name]);
  if (root !== undefined) checkRootDevice('root_device', root);
  for (const ref of [source, kernel, ramdisk])
    if (ref?.startsWith('file://') === true)
      await localImage(new URL(ref), { allowedFolders, checksum: undefined, signal: undefined });
}
