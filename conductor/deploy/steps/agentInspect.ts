import { IronpxeError } from '../../errors/error.ts';
import { recallAgent, rememberAgent } from '../agent/data.ts';
import { agentSession } from '../agent/session.ts';
import { fromAgent } from '../inspection/fromAgent.ts';
import { waitFor } from './agentBoot.ts';
import { keepInventory } from './inspect.ts';
import type { Step } from './types.ts';

/** Waits for what the agent finds, and keeps it as the agent told it. */
export const INSPECT_BY_AGENT: Step = {
  name: 'inspect_by_agent',
  title: 'Having the agent look at the hardware',
  async run(context) {
    const isThere = async () => (await recallAgent(context)).agentInventory !== undefined;
    const isLate = async () => agentSession(await context.node()) !== undefined;
    await waitFor(context, async () => ((await isThere()) || (await isLate()) ? true : undefined));
    const report = (await recallAgent(context)).agentInventory;
    // An agent tells what it found first, and reports then: without an inventory it found nothing.
    if (report === undefined)
      throw new IronpxeError(
        'RAMDISK_ERROR',
        `The agent of node ${context.nodeUuid} could not look at the hardware; its log says why.`,
      );
    if (report.error !== null) throw new IronpxeError('RAMDISK_ERROR', report.error);
    await keepInventory(context, fromAgent(report.inventory), report);
    await rememberAgent(context, { agentInventory: undefined });
  },
};
