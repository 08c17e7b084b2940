import { z } from 'zod';
import { IronpxeError } from '../errors/error.ts';
import type { Node } from '../store/types.ts';

const count = z.coerce.number().int().min(0);
const gib = z.coerce.number().int().min(1);
const href = z
  .string()
  .regex(/^(file|https?):\/\/\S+$/, 'expected a file://, http:// or https:// URL');
const parameters = z.string().regex(/^[\x20-\x7e]*$/, 'expected printable characters on one line');
const strictBoolean = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })]);

/** `instance_info/capabilities`: a JSON object, or one as text as Nova writes it. */
const capabilities = z.preprocess(
  (value) => (typeof value === 'string' ? parsedJson(value) : value),
  z.object({
    boot_option: z.enum(['netboot', 'local']).optional(),
    boot_mode: z.enum(['bios', 'uefi']).optional(),
    disk_label: z.enum(['msdos', 'gpt']).optional(),
  }),
);

const instanceInfo = z.object({
  image_source: href,
  image_checksum: z.string().optional(),
  image_disk_format: z.enum(['raw', 'qcow2']).optional(),
  image_type: z.enum(['partition', 'whole-disk']).optional(),
  kernel: href.optional(),
  ramdisk: href.optional(),
  root_gb: gib.optional(),
  swap_mb: count.default(0),
  ephemeral_gb: count.default(0),
  ephemeral_format: z.enum(['ext2', 'ext3', 'ext4', 'xfs']).default('ext4'),
  preserve_ephemeral: strictBoolean.default(false),
  kernel_append_params: parameters.optional(),
  configdrive: z.string().optional(),
  capabilities: capabilities.default({}),
});

/** What a user asked to have deployed, parsed from `instance_info`. */
export type DeployRequest = {
  readonly imageSource: string;
  readonly imageChecksum: string | undefined;
  readonly imageFormat: 'raw' | 'qcow2' | undefined;
  /** A whole-disk image boots from the disk; a partition image has a kernel and ramdisk beside it. */
  readonly wholeDisk: boolean;
  readonly kernel: string | undefined;
  readonly ramdisk: string | undefined;
  readonly rootGib: number;
  readonly swapMib: number;
  readonly ephemeralGib: number;
  readonly ephemeralFormat: 'ext2' | 'ext3' | 'ext4' | 'xfs';
  readonly preserveEphemeral: boolean;
  readonly kernelAppendParams: string | undefined;
  readonly configDrive: string | undefined;
  readonly diskLabel: 'msdos' | 'gpt';
};

/**
 * Parses what a deploy needs from a node's `instance_info` (names as in Ironic).
 * @throws IronpxeError DEPLOY_PARAMETER_MISSING, DEPLOY_PARAMETER_INVALID; all faults together
 */
export function parseDeployRequest(node: Node): DeployRequest {
  const parsed = instanceInfo.safeParse(node.instanceInfo);
  if (!parsed.success) throw badInstanceInfo(parsed.error);
  const info = parsed.data;
  const wholeDisk =
    info.image_type === undefined
      ? info.kernel === undefined && info.ramdisk === undefined
      : info.image_type === 'whole-disk';
  checkCombination(info, wholeDisk);
  return {
    imageSource: info.image_source,
    imageChecksum: info.image_checksum,
    imageFormat: info.image_disk_format,
    wholeDisk,
    kernel: info.kernel,
    ramdisk: info.ramdisk,
    rootGib: info.root_gb ?? 0,
    swapMib: info.swap_mb,
    ephemeralGib: info.ephemeral_gb,
    ephemeralFormat: info.ephemeral_format,
    preserveEphemeral: info.preserve_ephemeral,
    kernelAppendParams: info.kernel_append_params,
    configDrive: info.configdrive,
    diskLabel: info.capabilities.disk_label ?? 'msdos',
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function badInstanceInfo(error: z.ZodError): IronpxeError {
  const missing = error.issues.every(
    (issue) => issue.code === 'invalid_type' && issue.message.endsWith('received undefined'),
  );
  const faults = error.issues.map(
    (issue) => `instance_info/${issue.path.join('/')}: ${issue.message}`,
  );
  const code = missing ? 'DEPLOY_PARAMETER_MISSING' : 'DEPLOY_PARAMETER_INVALID';
  return new IronpxeError(code, `${faults.join('; ')}.`);
}

function checkCombination(info: z.output<typeof instanceInfo>, wholeDisk: boolean): void {
  if (wholeDisk && (info.swap_mb > 0 || info.ephemeral_gb > 0))
    throw invalid('a whole-disk image takes neither swap_mb nor ephemeral_gb');
  if (info.capabilities.boot_option === 'local' && !wholeDisk)
    throw invalid('boot_option:local needs a whole-disk image; partition images boot by netboot');
  if (info.capabilities.boot_mode === 'uefi') throw invalid('boot_mode:uefi is not supported yet');
  if (wholeDisk) return;
  const missing = (['kernel', 'ramdisk', 'root_gb'] as const).filter(
    (key) => info[key] === undefined,
  );
  if (missing.length > 0)
    throw new IronpxeError(
      'DEPLOY_PARAMETER_MISSING',
      `A partition image needs instance_info/${missing.join(', instance_info/')}.`,
    );
}

function invalid(text: string): IronpxeError {
  return new IronpxeError('DEPLOY_PARAMETER_INVALID', `instance_info: ${text}.`);
}
