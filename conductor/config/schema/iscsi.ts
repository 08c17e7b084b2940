import { z } from 'zod';
import { cidr, seconds } from './values.ts';

const link = z.strictObject({
  cidr: cidr.describe(
    'The network of the machines, such as 192.0.2.0/24; of several the smallest counts.',
  ),
  limit_mbit: z
    .number()
    .min(1)
    .max(1_000_000)
    .describe('What all writes to its machines have together, in Mbit/s; each has a fair share.'),
});

/** The write to the disk. */
export const iscsi = z.strictObject({
  in_flight_mib: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('Data under way to one machine at a time; the memory of a write grows with it.'),
  max_concurrent_writes: z
    .int()
    .min(1)
    .max(256)
    .default(16)
    .describe(
      'How many disks are written at a time; other machines wait. Times in_flight_mib it is the memory of all writes.',
    ),
  links: z
    .array(link)
    .default([])
    .describe('Networks of machines whose writes shall not take all that the network can carry.'),
  reconnect_seconds: seconds
    .default(300)
    .describe('How long a lost iSCSI session is tried again before the deploy fails.'),
  writer: z
    .enum(['auto', 'in-process', 'iscsiadm'])
    .default('auto')
    .describe(
      'What writes disks: the initiator of the conductor, or that of the kernel with iscsiadm and dd. auto is the first, the faster one.',
    ),
  dd_processes: z
    .int()
    .min(1)
    .max(8)
    .default(4)
    .describe('Processes of dd for one disk, with 8 MiB of memory each, where iscsiadm writes.'),
  require_authentication: z
    .boolean()
    .default(false)
    .describe('Refuse ramdisks that export their disk to anybody, as the classic ones do.'),
});
