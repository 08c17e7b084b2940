import { z } from 'zod';
import { MEDIA_DEVICES, POWER_TARGETS, SOFT_POWER_TARGETS } from '../../drivers/types.ts';
import { bool, jsonObject, numberOrText } from './values.ts';

/** `PUT states/power`. */
export const powerChange = z.strictObject({
  target: z.enum([...POWER_TARGETS, ...SOFT_POWER_TARGETS]),
  timeout: numberOrText(1).nullish(),
});

/** `PUT states/power/confirmation` (our own). */
export const powerConfirmation = z.discriminatedUnion('done', [
  z.strictObject({ done: z.literal(true) }),
  z.strictObject({ done: z.literal(false), reason: z.string().min(1).max(1000) }),
]);

/** Interfaces whose steps a deploy, a clean or a service may name. */
const STEP_INTERFACES = [
  'power',
  'management',
  'firmware',
  'deploy',
  'bios',
  'raid',
  'vendor',
] as const;

/** A step of a clean or a service: they run in the order given. */
const orderedStep = z.strictObject({
  interface: z.enum(STEP_INTERFACES),
  step: z.string().min(1),
  args: jsonObject.optional(),
});

/** A step that a deploy template, or a deploy itself, adds. */
export const deployStep = z.strictObject({
  interface: z.enum(STEP_INTERFACES),
  step: z.string().min(1),
  args: jsonObject,
  priority: z.union([z.int().min(0), z.string().regex(/^\d+$/).transform(Number)]),
});

/** A config drive that is built here from its parts. */
export const configDriveParts = z.strictObject({
  meta_data: jsonObject.optional(),
  network_data: jsonObject.optional(),
  user_data: z.union([jsonObject, z.array(z.unknown()), z.string(), z.null()]).optional(),
  vendor_data: jsonObject.optional(),
});

/** `PUT states/provision`. */
export const provisionChange = z.strictObject({
  target: z.string(),
  configdrive: z.union([z.string(), configDriveParts]).nullish(),
  clean_steps: z.array(orderedStep).nullish(),
  deploy_steps: z.array(deployStep).nullish(),
  service_steps: z.array(orderedStep).nullish(),
  rescue_password: z.string().nullish(),
  disable_ramdisk: bool.nullish(),
});

/** `PUT states/boot_mode`. */
export const bootModeChange = z.strictObject({ target: z.enum(['uefi', 'bios']) });

/** `PUT states/secure_boot`. */
export const secureBootChange = z.strictObject({ target: bool });

/** `PUT states/raid`; empty: no RAID is wanted. */
export const raidConfig = z.union([
  z.strictObject({}),
  z.looseObject({
    logical_disks: z
      .array(
        z.strictObject({
          size_gb: z.union([z.int().min(1), z.literal('MAX')]),
          raid_level: z.enum(['JBOD', '0', '1', '2', '5', '6', '1+0', '5+0', '6+0']),
          is_root_volume: z.boolean().optional(),
          volume_name: z.string().optional(),
          share_physical_disks: z.boolean().optional(),
          disk_type: z.enum(['hdd', 'ssd']).optional(),
          interface_type: z.enum(['sata', 'scsi', 'sas', 'nvme']).optional(),
          number_of_physical_disks: z.int().min(1).optional(),
          controller: z.string().optional(),
          physical_disks: z.array(z.unknown()).optional(),
        }),
      )
      .min(1)
      .refine((disks) => disks.filter((disk) => disk.is_root_volume).length <= 1, {
        error: 'At most one logical disk is the root volume.',
      }),
  }),
]);

/** `PUT states/console`. */
export const consoleChange = z.strictObject({ enabled: bool });

/** `PUT management/indicators/{indicator}`. */
export const indicatorChange = z.strictObject({ state: z.string() });

/** `PUT maintenance`. */
export const maintenanceChange = z
  .strictObject({ reason: z.string().nullish() })
  .nullish()
  .transform((body) => body?.reason ?? null);

/** `POST vmedia`. */
export const mediaAttach = z.strictObject({
  device_type: z.enum(MEDIA_DEVICES),
  image_url: z.string(),
  image_download_source: z.enum(['http', 'local', 'swift']).default('local'),
});

/** `PUT management/boot_device`. */
export const bootDeviceChange = z.strictObject({
  boot_device: z.string(),
  persistent: bool.nullish().transform((value) => value ?? false),
});
