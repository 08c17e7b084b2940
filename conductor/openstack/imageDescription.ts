import { IronpxeError } from '../errors/error.ts';
import type { GlanceImage } from '../../image-tools/glance/imagesApi.ts';

/** What Glance says of an image, as far as a deploy looks at it. */
export type ImageDescription = {
  readonly id: string;
  /** `raw` also for aki, ari and ami: bytes as they are. */
  readonly format: 'raw' | 'qcow2';
  /** The strongest digest that Glance keeps and we can check, in hex. */
  readonly checksum: string | undefined;
  /** `img_type`, where it is set. */
  readonly type: 'partition' | 'whole-disk' | undefined;
  readonly kernelId: string | undefined;
  readonly ramdiskId: string | undefined;
  /** `min_disk`: what a root for it must hold, in GiB. */
  readonly minRootGib: number | undefined;
  readonly boot: BootProperties;
};

/** Properties by which an image changes its boot options. Texts are not checked yet. */
export type BootProperties = {
  /** `kernel_append_params`: parameters after `root=`; `%default%` is the configuration's. */
  readonly appendParams?: string | undefined;
  /** `root_device`: takes the place of the UUID found on the disk. */
  readonly rootDevice?: string | undefined;
  /** `kernel_cmdline`: takes the place of the whole line. */
  readonly wholeLine?: string | undefined;
};

const FORMATS: Readonly<Record<string, 'raw' | 'qcow2'>> = {
  raw: 'raw',
  aki: 'raw',
  ari: 'raw',
  ami: 'raw',
  qcow2: 'qcow2',
};
/** Algorithms of `os_hash_algo` that images are checked with. */
const CHECKED = ['sha512', 'sha256'];

/** Reads a description. @throws IronpxeError GLANCE_IMAGE_UNUSABLE */
export function describeImage(image: GlanceImage): ImageDescription {
  if (image.status !== 'active') throw unusable(image, 'status', image.status, 'active');
  const format = FORMATS[image.disk_format ?? ''];
  if (!format)
    throw unusable(image, 'disk_format', image.disk_format, Object.keys(FORMATS).join(', '));
  return {
    id: image.id,
    format,
    checksum: checksumOf(image),
    type: typeOf(image),
    kernelId: property(image, 'kernel_id'),
    ramdiskId: property(image, 'ramdisk_id'),
    minRootGib: minDisk(image),
    boot: {
      appendParams: property(image, 'kernel_append_params'),
      rootDevice: property(image, 'root_device'),
      wholeLine: property(image, 'kernel_cmdline'),
    },
  };
}

function checksumOf(image: GlanceImage): string | undefined {
  const strong = CHECKED.includes(image.os_hash_algo ?? '') ? image.os_hash_value : undefined;
  return strong ?? image.checksum ?? undefined;
}

function typeOf(image: GlanceImage): ImageDescription['type'] {
  const type = property(image, 'img_type');
  if (type === undefined || type === 'partition' || type === 'whole-disk') return type;
  throw unusable(image, 'img_type', type, 'partition or whole-disk');
}

/** Glance says 0 when nobody said anything. */
function minDisk({ min_disk: gib }: GlanceImage): number | undefined {
  return typeof gib === 'number' && gib > 0 ? gib : undefined;
}

function property(image: GlanceImage, name: string): string | undefined {
  const value = image[name];
  return typeof value === 'string' ? value : undefined;
}

function unusable(
  image: GlanceImage,
  field: string,
  found: string | null | undefined,
  expected: string,
): IronpxeError {
  return new IronpxeError(
    'GLANCE_IMAGE_UNUSABLE',
    `Image ${image.id} in Glance has ${field} ${JSON.stringify(found ?? null)}, expected ${expected}.`,
  );
}
