import { IronpxeError } from '../../errors/error.ts';
import { nextPlace } from '../../states/index.ts';
import { putBootFacts } from '../../store/bootFacts.ts';
import type { Node } from '../../store/types.ts';
import { agentKernelOptions } from '../agent/kernelOptions.ts';
import { agentSession, withoutAgent } from '../agent/session.ts';
import { fetchDeployFiles } from '../deployFiles.ts';
import { enterNetworks } from './networks.ts';
import { reservedStep } from './reserved.ts';
import { SEE_PXE } from './seePxe.ts';
import { START_RAMDISK } from './startRamdisk.ts';
import type { OfferedStep, Step, StepContext } from './types.ts';
import { callBackDeadline } from './waitCallBack.ts';

/** Where agents send what they found, on the boot HTTP server. */
export const INSPECTION_PATH = '/v1/continue_inspection';

/** Lets the node's MACs boot the agent's ramdisk; what an earlier agent said is forgotten. */
const PREPARE_AGENT_BOOT: Step = {
  name: 'prepare_agent_boot',
  title: "Preparing the netboot of the agent's ramdisk",
  async run(context) {
    // A machine with a system goes where deploys boot: from there it knows the way to its instance's.
    const hasInstance = ['deploy', 'rebuild', 'service'].includes(context.verb);
    await enterNetworks(context, hasInstance ? 'deploy' : 'service');
    const node = await context.node();
    const { config, database } = context.services;
    await context.updateNode({ driverInternalInfo: withoutAgent(node.driverInternalInfo) });
    const apiUrl = config.boot_http.url;
    await putBootFacts(
      database,
      {
        nodeUuid: node.uuid,
        label: 'deploy',
        files: await fetchDeployFiles(context),
        deployOptions: agentKernelOptions({
          apiUrl,
          inspectionUrl: context.verb === 'inspect' ? apiUrl + INSPECTION_PATH : undefined,
          appendParams: config.pxe.append_params,
        }),
        bootOptions: '',
        diskIdentifier: undefined,
      },
      context.operationUuid,
    );
  },
};

/** Waits, with the node unlocked, for the first heartbeat of the agent. */
const WAIT_FOR_AGENT: Step = {
  name: 'wait_for_agent',
  title: 'Waiting for the agent',
  run: (context) => waitFor(context, async () => agentSession(await context.node())),
};

/**
 * Waits, in the wait state and with the node unlocked, for something that the agent brings.
 * @throws IronpxeError CALLBACK_TIMEOUT
 */
export async function waitFor<T>(
  context: StepContext,
  look: () => Promise<T | undefined>,
): Promise<void> {
  const { provisionState: state, targetProvisionState: targetState } = await context.node();
  if (nextPlace({ state, targetState }, 'wait')) await context.changeState('wait');
  const deadlineMs = await callBackDeadline(context);
  const found = await context.unlocked(() => context.until(look, deadlineMs));
  if (found === undefined)
    throw new IronpxeError(
      'CALLBACK_TIMEOUT',
      `Timeout reached while waiting for the agent of node ${context.nodeUuid}.`,
    );
  await context.changeState('resume');
}

/** Boots the machine into the agent's ramdisk. */
export const BOOT_AGENT: readonly Step[] = [
  PREPARE_AGENT_BOOT,
  START_RAMDISK,
  SEE_PXE,
  WAIT_FOR_AGENT,
];

/** Boots a machine anew that runs its agent already: a step of the agent asked for it. */
export async function rebootAgent(context: StepContext): Promise<void> {
  await context.remember({ callbackDeadlineMs: undefined });
  for (const step of [START_RAMDISK, SEE_PXE, WAIT_FOR_AGENT]) await step.run(context);
}

/** The same where the machine was switched since its agent reported. */
export async function comeBack(context: StepContext): Promise<void> {
  if (agentSession(await context.node()) === undefined) await rebootAgent(context);
}

/** `wait` without a time: until the agent reports, booted again where it is gone. */
export const WAIT_FOR_HEARTBEAT: OfferedStep = {
  ...reservedStep('wait', 'Waiting for a sign of the agent', async (context) => {
    const before = lastHeartbeat(await context.node());
    await comeBack(context);
    await context.remember({ callbackDeadlineMs: undefined });
    await waitFor(context, async () => {
      const now = lastHeartbeat(await context.node());
      return now === before ? undefined : now;
    });
  }),
  name: 'power.wait_for_heartbeat',
  inBand: true,
};

function lastHeartbeat({ driverInternalInfo }: Node): unknown {
  return driverInternalInfo['agent_last_heartbeat'];
}
