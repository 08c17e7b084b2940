import { z } from 'zod';
import type { StepContext } from '../steps/types.ts';

/** What the steps that drive an agent hand to each other; it stands in the operation's row. */
const agentData = z.object({
  /** The image as the agent fetches it: always raw, so that it can stream it onto the disk. */
  agentImage: z
    .object({
      path: z.string(),
      sha256: z.string(),
      /** Signs the URL. */
      secret: z.string(),
      /** Of an image with a partition table. */
      diskIdentifier: z.string().optional(),
    })
    .optional(),
  /** The command under way: so that a restarted conductor waits for it and gives no second one. */
  agentCommand: z
    .object({
      key: z.string(),
      /** Those that the agent had before it was given. */
      before: z.array(z.string()),
      id: z.string().optional(),
      deadlineMs: z.number(),
    })
    .optional(),
  /** What the agent said of the disk, by Ironic's names. */
  agentUuids: z.record(z.string(), z.unknown()).optional(),
  /** Steps of the agent that nobody asked for by name, in order, and how many are done. */
  agentSteps: z.array(z.record(z.string(), z.unknown())).optional(),
  agentStepsDone: z.number().default(0),
  /** Of the agent's hardware managers, which must not change between steps. */
  agentVersions: z.record(z.string(), z.unknown()).optional(),
  /** What an inspection sent, in the agent's form. */
  agentInventory: z
    .object({
      inventory: z.record(z.string(), z.unknown()),
      pluginData: z.record(z.string(), z.unknown()),
      error: z.string().nullable(),
    })
    .optional(),
});

export type AgentData = z.output<typeof agentData>;

/** Parses what an operation remembers of its agent. */
export function parseAgentData(data: unknown): AgentData {
  return agentData.parse(data);
}

/** Reads what this operation remembers of its agent. */
export async function recallAgent(context: StepContext): Promise<AgentData> {
  return parseAgentData(await context.recall());
}

/** Stores part of what this operation remembers of its agent. */
export async function rememberAgent(
  context: StepContext,
  patch: Partial<AgentData>,
): Promise<void> {
  await context.remember(patch);
}
