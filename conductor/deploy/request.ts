import { z } from 'zod';
import { IronpxeError } from '../errors/error.ts';
import type { BootMode } from '../drivers/types.ts';
import type { Node } from '../store/types.ts';
import { keptImage } from './deployImage.ts';
import { bootModeOf } from './hardware.ts';
import { fileRef, imageRef } from './imageRef.ts';

const count = z.coerce.number().int().min(0);
const gib = z.coerce.number().int().min(1);
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
  image_source: imageRef,
  image_checksum: z.string().optional(),
  image_disk_format: z.enum(['raw', 'qcow2']).optional(),
  image_type: z.enum(['partition', 'whole-disk']).optional(),
  kernel: fileRef.optional(),
  ramdisk: fileRef.optional(),
  root_gb: gib.optional(),
  swap_mb: count.default(0),
  ephemeral_gb: count.default(0),
  ephemeral_format: z.enum(['ext2', 'ext3', 'ext4', 'xfs']).default('ext4'),
  preserve_ephemeral: strictBoolean.default(false),
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
  readonly configDrive: string | undefined;
  /** What the user wants; what the machine's firmware needs by default. */
  readonly diskLabel: 'msdos' | 'gpt' | undefined;
  /** `undefined` where nobody said how the machine starts. */
  readonly bootMode: BootMode | undefined;
  /** A partition image that starts from the disk, by the boot loader in it. */
  readonly installsLoader: boolean;
  /** The machine starts from its own disk, not by kernel and ramdisk from the network. */
  readonly bootsFromDisk: boolean;
  /** The boot device is set to the disk as well. */
  readonly setsBootDevice: boolean;
};

/**
 * Parses what a deploy needs from a node's `instance_info` (names as in Ironic). What it leaves
 * open is taken from what Glance, or the name of the image, said of it.
 * @throws IronpxeError DEPLOY_PARAMETER_MISSING, DEPLOY_PARAMETER_INVALID; all faults together
 */
export function parseDeployRequest(node: Node): DeployRequest {
  const parsed = instanceInfo.safeParse(node.instanceInfo);
  if (!parsed.success) throw badInstanceInfo(parsed.error);
  const image = keptImage(node);
  const { kernel = image?.kernel, ramdisk = image?.ramdisk } = parsed.data;
  const { root_gb = image?.minRootGib } = parsed.data;
  const info = { ...parsed.data, kernel, ramdisk, root_gb };
  const isBare = kernel === undefined && ramdisk === undefined;
  const type = info.image_type ?? image?.type ?? (isBare ? 'whole-disk' : 'partition');
  const wholeDisk = type === 'whole-disk';
  const { boot_option: boot } = info.capabilities;
  const isLocal = boot === 'local';
  checkCombination(info, wholeDisk);
  return {
    imageSource: image?.location ?? info.image_source,
    imageChecksum: info.image_checksum ?? image?.checksum,
    imageFormat: info.image_disk_format ?? image?.format,
    wholeDisk,
    kernel: info.kernel,
    ramdisk: info.ramdisk,
    rootGib: info.root_gb ?? 0,
    swapMib: info.swap_mb,
    ephemeralGib: info.ephemeral_gb,
    ephemeralFormat: info.ephemeral_format,
    preserveEphemeral: info.preserve_ephemeral,
    configDrive: info.configdrive,
    diskLabel: info.capabilities.disk_label,
    bootMode: bootModeOf(node),
    installsLoader: isLocal && !wholeDisk,
    bootsFromDisk: isLocal || wholeDisk,
    setsBootDevice: isLocal || (wholeDisk && boot !== 'netboot'),
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

type InstanceInfo = Omit<z.output<typeof instanceInfo>, 'kernel' | 'ramdisk' | 'root_gb'> &
  Pick<DeployRequest, 'kernel' | 'ramdisk'> & { readonly root_gb: number | undefined };

function checkCombination(info: InstanceInfo, wholeDisk: boolean): void {
  if (wholeDisk && (info.swap_mb > 0 || info.ephemeral_gb > 0))
    throw invalid('a whole-disk image takes neither swap_mb nor ephemeral_gb');
  if (wholeDisk) return;
  const isLocal = info.capabilities.boot_option === 'local';
  const needed = isLocal ? (['root_gb'] as const) : (['kernel', 'ramdisk', 'root_gb'] as const);
  const missing = needed.filter((key) => info[key] === undefined);
  if (missing.length > 0)
    throw new IronpxeError(
      'DEPLOY_PARAMETER_MISSING',
      `A partition image needs instance_info/${missing.join(', instance_info/')}.`,
    );
}

function invalid(text: string): IronpxeError {
  return new IronpxeError('DEPLOY_PARAMETER_INVALID', `instance_info: ${text}.`);
}
