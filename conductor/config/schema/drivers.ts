import { z } from 'zod';
import type { Ipv4 } from '../../values/ipv4.ts';
import { listenAddress, seconds } from './values.ts';

/** The interfaces of fake-hardware that can be slow. */
const FAKE_PARTS = [
  'power',
  'boot',
  'deploy',
  'vendor',
  'management',
  'inspect',
  'raid',
  'bios',
  'storage',
  'rescue',
  'firmware',
] as const;
type FakePart = (typeof FAKE_PARTS)[number];

const delay = z
  .string()
  .regex(/^\d+(\.\d+)?(,\d+(\.\d+)?)?$/, 'expected seconds, or two numbers joined by a comma')
  .default('0');

/** The hardware type fake-hardware. */
export const fake = z.strictObject(
  Object.fromEntries(
    FAKE_PARTS.map((part) => [
      `${part}_delay`,
      delay.describe(
        `Seconds that the ${part} interface of fake-hardware takes, or a range such as 1,5.`,
      ),
    ]),
  ) as Readonly<Record<`${FakePart}_delay`, typeof delay>>,
);

/** Power states, and what is done about them. */
export const power = z.strictObject({
  sync_interval_seconds: z
    .int()
    .min(0)
    .max(7 * 24 * 3600)
    .default(60)
    .describe('How often the power state of each machine is read; 0: never.'),
  sync_workers: z
    .int()
    .min(1)
    .max(100)
    .default(8)
    .describe('How many power states are read at a time; slow BMCs are not counted.'),
  sync_max_failures: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('After how many failures in a row a node goes into maintenance.'),
  force_during_sync: z
    .boolean()
    .default(true)
    .describe(
      'Whether a machine that was switched by others is switched back; if not, the new state is taken over.',
    ),
  recovery_interval_seconds: seconds
    .default(300)
    .describe('How often a node with the fault "power failure" is tried again.'),
  soft_timeout_seconds: seconds
    .default(600)
    .describe('How long a system may take to shut down when it is asked to.'),
  pxe_timeout_seconds: seconds
    .default(600)
    .describe(
      'How long a machine may take from power on to its first PXE request, as long as nothing was learned of its model.',
    ),
});

/** The ipmi driver. */
export const ipmi = z.strictObject({
  min_command_interval_seconds: z
    .number()
    .min(0)
    .max(60)
    .default(5)
    .describe('Least time between two commands to one BMC.'),
  command_retry_timeout_seconds: seconds
    .default(60)
    .describe('How long a command is tried again while the BMC says that it is busy.'),
});

/** The redfish driver. */
export const redfish = z.strictObject({
  connect_timeout_seconds: seconds.default(10).describe('How long connecting to a BMC may take.'),
  read_timeout_seconds: seconds.default(60).describe('How long a BMC may take for an answer.'),
  busy_timeout_seconds: seconds
    .default(60)
    .describe('How long a request is tried again while the BMC says that it is busy.'),
});

/** The manual driver. */
export const manual = z.strictObject({
  timeout_seconds: seconds
    .default(3600)
    .describe('How long people may take to switch a machine of the driver manual.'),
});

/** The pxe_ssh driver. */
export const ssh = z.strictObject({
  libvirt_uri: z
    .string()
    .regex(/^[\w:/?=.@%+&-]+$/, 'expected a libvirt URI')
    .default('qemu:///system')
    .describe('libvirt connection on the virtualisation host.'),
});

/** Serial consoles of machines. */
export const consoles = z.strictObject({
  listen_address: listenAddress
    .default('127.0.0.1' as Ipv4)
    .describe(
      'Address on which open consoles are reached. Whoever reaches it can type; Nova wants one of its own network.',
    ),
});
