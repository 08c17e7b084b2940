import type { RegisteredManifest, Role } from './manifestFile.ts';

/** As what the images are registered. */
export const STYLES = ['ami', 'raw'] as const;
/** `ami`: aki, ari and ami, as in 2014; `raw`: raw in a bare container, which every cloud accepts. */
export type Style = (typeof STYLES)[number];

/** The property by which a rerun knows the content again: its SHA-256 in hex. */
export const CONTENT_PROPERTY = 'content_sha256';

/** How the images are described to Glance. */
export type DescribeOptions = {
  readonly style?: Style | undefined;
  readonly visibility?: 'private' | 'public' | 'shared' | 'community' | undefined;
  /**
   * `kernel_append_params` of the root image; by default the image's own options, and then what
   * the conductor has configured (`%default%`).
   */
  readonly appendParams?: string | undefined;
  /** `root_device` of the root image: what takes the place of the UUID that is found on the disk. */
  readonly rootDevice?: string | undefined;
};

const GIB = 1024 ** 3;

const FORMATS = {
  ami: { kernel: 'aki', ramdisk: 'ari', base: 'ami' },
  raw: { kernel: 'raw', ramdisk: 'raw', base: 'raw' },
} as const;

/** The fields with which Glance gets an image. */
export function describeImage(
  role: Role,
  manifest: RegisteredManifest,
  sha256: string,
  options: DescribeOptions,
): Record<string, string | number> {
  const format = formatOf(role, manifest, options.style ?? 'ami');
  return {
    name: `${manifest.name}${role === 'base' ? '' : `-${role}`}`,
    disk_format: format,
    container_format: format === 'raw' || format === 'qcow2' ? 'bare' : format,
    visibility: options.visibility ?? 'private',
    [CONTENT_PROPERTY]: sha256,
    ...(role === 'base' && { min_disk: Math.ceil(manifest.base.virtualSizeBytes / GIB) }),
  };
}

/** A qcow2 is called so in any style: the conductor takes "ami" for raw. */
function formatOf(role: Role, manifest: RegisteredManifest, style: Style): string {
  if (role === 'base' && manifest.base.format === 'qcow2') return 'qcow2';
  return FORMATS[style][role];
}

/** The properties that make the root image boot: its kernel and ramdisk, and its boot options. */
export function bootProperties(
  manifest: RegisteredManifest,
  ids: { readonly kernel: string; readonly ramdisk: string },
  options: DescribeOptions,
): Record<string, string> {
  return {
    kernel_id: ids.kernel,
    ramdisk_id: ids.ramdisk,
    img_type: 'partition',
    ...bootOptions(manifest, options),
  };
}

/** The boot options of the root image, as properties. */
export function bootOptions(
  { boot }: Pick<RegisteredManifest, 'boot'>,
  options: Pick<DescribeOptions, 'appendParams' | 'rootDevice'>,
): Record<string, string> {
  const root = options.rootDevice ?? boot.root;
  return {
    kernel_append_params: options.appendParams ?? `${boot.append} %default%`.trim(),
    ...(root !== undefined && { root_device: root }),
  };
}
