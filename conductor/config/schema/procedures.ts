import { z } from 'zod';
import { seconds } from './values.ts';

const priority = z.int().min(0).max(1000);

/** Deadlines and choices of a deploy. */
export const deploy = z.strictObject({
  callback_timeout_seconds: seconds
    .default(1800)
    .describe('How long a machine may take from power on to the call-back of the ramdisk.'),
  boot_timeout_seconds: seconds
    .default(1800)
    .describe('How long a written machine may take to come and fetch its own kernel.'),
  power_timeout_seconds: seconds.default(120).describe('How long switching a machine may take.'),
  verify: z
    .enum(['full', 'written', 'off'])
    .default('written')
    .describe(
      'What the ramdisk reads back before the disk may boot: all of the plan, or what was written ' +
        'and a sample of the zeros; driver_info/ironpxe_verify and instance_info/ironpxe_verify win.',
    ),
  write: z
    .enum(['delta', 'full'])
    .default('delta')
    .describe(
      'Whether what already stands on the disk is left alone; instance_info/ironpxe_write wins.',
    ),
  relay: z
    .boolean()
    .default(false)
    .describe(
      'Whether machines that are deployed at the same time hand the image on to each other; driver_info/ironpxe_relay and instance_info/ironpxe_relay win.',
    ),
  relay_fan_out: z
    .int()
    .min(1)
    .max(16)
    .default(2)
    .describe('How many machines one machine feeds at a time.'),
  relay_wait_seconds: seconds
    .default(1800)
    .describe('How long a machine waits for one that feeds it before the conductor does.'),
  relay_hold_seconds: seconds
    .default(3600)
    .describe('How long a machine stays in its ramdisk to feed others before it goes its way.'),
  allow_in_maintenance: z
    .boolean()
    .default(true)
    .describe('Whether nodes in maintenance may be provided.'),
});

/** Cleaning of machines between users. */
export const clean = z.strictObject({
  automated: z
    .boolean()
    .default(false)
    .describe(
      'Whether machines are cleaned by provide and after an undeploy; automated_clean of a node wins.',
    ),
  metadata_priority: priority
    .default(99)
    .describe('Place of erase_devices_metadata in automated cleaning; 0 leaves it out.'),
  erase_priority: priority
    .default(0)
    .describe('Place of erase_devices in automated cleaning; 0 leaves it out.'),
  erase_way: z
    .enum([
      'auto',
      'nvme_format_crypto',
      'nvme_format',
      'nvme_sanitize',
      'nvme_sanitize_crypto',
      'ata_secure',
      'secure_discard',
      'discard',
      'overwrite',
    ])
    .default('auto')
    .describe('How erase_devices erases a disk; auto takes the strongest that the disk can do.'),
  callback_timeout_seconds: seconds
    .default(1800)
    .describe('How long a machine may take from power on to the call-back of the ramdisk.'),
});

/** Inspection of machines. */
export const inspect = z.strictObject({
  callback_timeout_seconds: seconds
    .default(1800)
    .describe('How long a machine may take from power on to the call-back of the ramdisk.'),
  add_ports: z
    .enum(['all', 'active', 'pxe'])
    .default('all')
    .describe('Which NICs become ports: all, those with a link, or the one that booted.'),
  lldp_seconds: z
    .int()
    .min(0)
    .max(300)
    .default(35)
    .describe(
      'How long switches are listened to that have not said yet who they are (LLDP); 0: not at all.',
    ),
  enroll_unknown: z
    .boolean()
    .default(false)
    .describe(
      'Whether a machine that is a port of no node boots the ramdisk, tells what it is made of, and becomes a node in the state enroll; needs dhcp.mode server, pxe.deploy_kernel and pxe.deploy_ramdisk.',
    ),
  enroll_driver: z
    .string()
    .min(1)
    .default('manual')
    .describe('The driver of machines that enroll themselves.'),
  enroll_limit: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('How many machines that enrolled themselves may be in the state enroll.'),
});

/** Agents (IPA) in place of the deploy ramdisk. */
export const agent = z.strictObject({
  require_tls: z
    .boolean()
    .default(true)
    .describe('Refuse agents (IPA) that cannot be called by https.'),
  command_timeout_seconds: seconds
    .default(60)
    .describe('How long an agent may take to answer a request.'),
  silence_timeout_seconds: seconds
    .default(300)
    .describe('How long an agent is tried again that does not answer at all.'),
  work_timeout_seconds: seconds
    .default(24 * 3600)
    .describe('How long a piece of work of an agent may take, such as writing or erasing disks.'),
  image_url_seconds: seconds
    .default(3600)
    .describe('How long the URL of an image is good that an agent is given.'),
});
