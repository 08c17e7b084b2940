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
      iqn: z.string(),
      listenPort: z.number(),
      lun: z.number(),
      error: z.string().optional(),
    })
    .optional(),
  /** Bytes of the plan that are flushed to the disk. */
  durableBytes: z.number().default(0),
  /** Event id at the moment the boot facts were swapped: a boot seen after it is the user's. */
  swapEventId: z.number().optional(),
  bootDeadlineMs: z.number().optional(),
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
