import { z } from 'zod';
import { jsonObject, wholeNumber } from './values.ts';

/** What goes to a vendor method. */
export const vendorArguments = jsonObject;

/** `POST heartbeat`. */
export const heartbeat = z.strictObject({
  callback_url: z.string().min(1).max(2048),
  agent_version: z.string().max(255).nullish(),
  agent_token: z.string().max(255).nullish(),
  agent_verify_ca: z.string().max(65_536).nullish(),
  agent_status: z.enum(['start', 'end', 'error']).nullish(),
  agent_status_message: z.string().max(4096).nullish(),
});

/** `POST continue_inspection`: what an agent collected; hardware managers add things of their own. */
export const agentInspection = z.looseObject({
  inventory: z.looseObject({
    interfaces: z.array(z.looseObject({ mac_address: z.string().nullish() })),
    bmc_address: z.string().nullish(),
  }),
  error: z.string().nullish(),
});

/** What the ramdisk on a machine of no node POSTs to `enroll`. */
export const strangerReport = z.object({
  key: z.string().min(1).max(255),
  nonce: z.string().regex(/^[0-9a-f]{64}$/),
  inventory: z.array(z.string().max(32_768)).min(1).max(1000),
});

/** What a classic ramdisk says of the boot loader. */
export const loaderInfo = z
  .object({
    address: z.union([z.ipv4(), z.ipv6()]),
    key: z.string().min(1).max(255),
    status: z.enum(['SUCCEEDED', 'FAILED']),
    error: z.string().nullish(),
  })
  .transform(({ error, ...rest }) => ({ ...rest, error: (error ?? '').slice(0, 4096) }));

/** `NAME=SECONDS` words: when the ramdisk reached each of its stages. What is none is left out. */
function readStages(text: string): Readonly<Record<string, number>> {
  const words = text.matchAll(/(?:^| )([a-z_]{1,20})=(\d{1,6}(?:\.\d{1,3})?)(?= |$)/g);
  return Object.fromEntries([...words].map(([, name = '', seconds]) => [name, Number(seconds)]));
}

/** What the ramdisk POSTs to `pass_deploy_info`; it may send numbers as text. */
export const deployInfo = z
  .object({
    address: z.union([z.ipv4(), z.ipv6()]),
    key: z.string().min(1).max(255),
    iqn: z.string().min(1).max(223).optional(),
    port: wholeNumber.max(65_535).default(3260),
    lun: wholeNumber.max(255).default(1),
    nonce: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    stages: z.string().max(1000).optional(),
    error: z.string().nullish(),
  })
  .refine(({ iqn, nonce }) => iqn !== undefined || nonce !== undefined, {
    path: ['iqn'],
    error: 'Only a ramdisk with a nonce may come without a target.',
  })
  .transform(({ port, error, iqn, nonce, stages, ...rest }) => ({
    ...rest,
    ...(stages !== undefined && { stages: readStages(stages) }),
    ...(iqn !== undefined && { iqn }),
    ...(nonce !== undefined && { nonce }),
    listenPort: port,
    ...(error && { error: error.slice(0, 4096) }),
  }));
