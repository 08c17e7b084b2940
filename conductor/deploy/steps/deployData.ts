import { z } from 'zod';
import type { StepContext } from './types.ts';

/** What the steps of a deploy hand to each other; it stands in the operation's row. */
const deployData = z.object({
  deployKey: z.string().optional(),
  iqn: z.string().optional(),
  imagePath: z.string().optional(),
  imageFormat: z.enum(['raw', 'qcow2']).optional(),
  callbackDeadlineMs: z.number().optional(),
  callback: z
    .object({
      address: z.string(),
      /** Absent when the ramdisk was booted without a disk. */
      iqn: z.string().optional(),
      listenPort: z.number(),
      lun: z.number(),
      error: z.string().optional(),
      /** The random numbers of both sides, with a ramdisk that takes commands. */
      nonces: z.object({ ramdisk: z.string(), ours: z.string() }).optional(),
    })
    .optional(),
  /** Bytes of the plan to be written that are flushed to the disk. */
  durableBytes: z.number().default(0),
  /** Of which ramdisk the plan to be written was made; another one's disk is compared again. */
  writePlannedFor: z.string().optional(),
  /** Bytes that found their place on the disk already. */
  keptBytes: z.number().default(0),
  sentBytes: z.number().default(0),
  /** Bytes that other machines handed on. */
  relayedBytes: z.number().default(0),
  /** What was exported last. */
  disk: z.object({ serial: z.string().optional(), wwn: z.string().optional() }).optional(),
  /** Event id at the moment the boot facts were swapped: a boot seen after it is the user's. */
  swapEventId: z.number().optional(),
  bootDeadlineMs: z.number().optional(),
  /** A classic ramdisk was told to install the boot loader; telling it twice would release it. */
  loaderDeadlineMs: z.number().optional(),
  /** What it then said. */
  loader: z.object({ status: z.enum(['SUCCEEDED', 'FAILED']), error: z.string() }).optional(),
});

export type DeployData = z.output<typeof deployData>;

/** Parses what a deploy remembers. */
export function parseDeployData(data: unknown): DeployData {
  return deployData.parse(data);
}

/** Reads what this deploy remembers. */
export async function recallDeploy(context: StepContext): Promise<DeployData> {
  return parseDeployData(await context.recall());
}

/** Stores part of what this deploy remembers. */
export async function rememberDeploy(
  context: StepContext,
  patch: Partial<DeployData>,
): Promise<void> {
  await context.remember(patch);
}

/** A value that an earlier step must have left. */
export function left<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`An earlier step left no ${what}.`);
  return value;
}
