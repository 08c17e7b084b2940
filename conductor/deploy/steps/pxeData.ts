import { z } from 'zod';
import type { StepContext } from './types.ts';

/** What is remembered of the start from the network; it stands in the operation's row. */
const pxeData = z.object({
  pxe: z
    .object({
      /** Methods by name; the last one is under way. */
      tried: z.array(z.string()),
      /** Events of this start come after it. */
      afterId: z.number(),
      startedAtMs: z.number(),
    })
    .optional(),
});

export type PxeData = NonNullable<z.output<typeof pxeData>['pxe']>;

/** How the machine was started; `undefined` before it was. */
export async function recallPxe(context: StepContext): Promise<PxeData | undefined> {
  return pxeData.parse(await context.recall()).pxe;
}

/** Stores how the machine was started. */
export async function rememberPxe(context: StepContext, pxe: PxeData): Promise<void> {
  await context.remember({ pxe });
}
