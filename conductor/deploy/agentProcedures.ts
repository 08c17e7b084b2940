import { deleteBootFacts } from '../store/bootFacts.ts';
import { isCleanedAutomatically, planManualClean } from './cleaning/plan.ts';
import { type CoreStep, planDeploy } from './planDeploy.ts';
import { switchPower } from './power.ts';
import { type Procedures, MACHINE_PROCEDURES } from './procedures.ts';
import { BOOT_AGENT } from './steps/agentBoot.ts';
import {
  ENTER_INSTANCE_NETWORKS,
  LEAVE_AGENT,
  PREPARE_AGENT_IMAGE,
  START_INSTANCE,
  SWITCH_BOOT_BY_AGENT,
  WRITE_BY_AGENT,
} from './steps/agentDeploy.ts';
import { INSPECT_BY_AGENT } from './steps/agentInspect.ts';
import {
  AGENT_STEP,
  asOffered,
  AUTOMATIC_AGENT_STEPS,
  CHECK_AGENT_STEPS,
} from './steps/agentSteps.ts';
import { BEGIN_CLEANING } from './steps/beginCleaning.ts';
import { CHECK_POWER } from './steps/checkPower.ts';
import { CONFIRM_BOOT } from './steps/confirmBoot.ts';
import { BEGIN_INSPECTION, END_INSPECTION } from './steps/inspect.ts';
import { leaveNetworks } from './steps/networks.ts';
import { PREPARE_IMAGE } from './steps/prepareImage.ts';
import { recallPxe } from './steps/pxeData.ts';
import { REFUSE } from './steps/refuse.ts';
import {
  abandonDeploy,
  FORGET_INSTANCE,
  FORGET_PLAN,
  POWER_OFF,
  STOP_NETBOOT,
} from './steps/tearDown.ts';
import type { PlannedStep, Procedure, Step, StepContext } from './steps/types.ts';

/** The deploy interface of nodes whose ramdisk is an agent (IPA). */
export const AGENT_DEPLOY_INTERFACE = 'direct';

/** What is done for every deploy, as part of which core step of Ironic. */
const DEPLOY_STEPS: readonly CoreStep[] = [
  ...part('deploy', 100, [PREPARE_IMAGE, PREPARE_AGENT_IMAGE, ...BOOT_AGENT]),
  ...part('deploy', 100, [CHECK_AGENT_STEPS, AUTOMATIC_AGENT_STEPS]),
  ...part('write_image', 80, [WRITE_BY_AGENT]),
  ...part('prepare_instance_boot', 60, [SWITCH_BOOT_BY_AGENT]),
  ...part('tear_down_agent', 40, [LEAVE_AGENT]),
  ...part('switch_to_tenant_network', 30, [ENTER_INSTANCE_NETWORKS]),
  ...part('boot_instance', 20, [START_INSTANCE, CONFIRM_BOOT, FORGET_PLAN]),
];

function part(name: string, priority: number, steps: readonly Step[]): readonly CoreStep[] {
  return steps.map((step) => ({ step, of: { name, priority } }));
}

/** What a user asks for is passed on: what the agent can do is known once it runs. */
const DEPLOY: Procedure = {
  steps: [...DEPLOY_STEPS.map(({ step }) => step), AGENT_STEP],
  plan({ options: { deploySteps = [] }, templateSteps }) {
    const asked = { byUser: deploySteps, byTemplates: templateSteps };
    return planDeploy(DEPLOY_STEPS, [...deploySteps, ...templateSteps].map(asOffered), asked);
  },
  cleanUp: abandonDeploy,
};

const AFTER_CLEANING = [POWER_OFF, STOP_NETBOOT];

/** By request; the steps of users are those of the agent. */
const CLEAN: Procedure = {
  steps: [...BOOT_AGENT, CHECK_AGENT_STEPS, AGENT_STEP, ...AFTER_CLEANING, REFUSE],
  plan: ({ options }) =>
    planManualClean(
      {
        offered: (options.cleanSteps ?? []).map(asOffered),
        automated: () => ({}),
        before: [...BOOT_AGENT, CHECK_AGENT_STEPS],
        after: AFTER_CLEANING,
      },
      options,
    ),
  refusal: REFUSE,
  cleanUp: stopAgent,
};

/** On the way to the next user, with whatever the agent has to be done then. */
function cleanedAfter(first: readonly Step[]): Procedure {
  const cleaning = [...BOOT_AGENT, AUTOMATIC_AGENT_STEPS, ...AFTER_CLEANING];
  return {
    steps: [...first, ...cleaning],
    plan: ({ node, config }) =>
      plain([...first, ...(isCleanedAutomatically(node, config) ? cleaning : [])]),
    cleanUp: stopAgent,
  };
}

function plain(steps: readonly Step[]): readonly PlannedStep[] {
  return steps.map((step) => ({ step, shown: null }));
}

/**
 * The verbs of a machine whose ramdisk is an agent. It cannot compare a disk with its deploy, so
 * there is no `service`.
 */
export const AGENT_PROCEDURES: Procedures = {
  ...(MACHINE_PROCEDURES.manage && { manage: MACHINE_PROCEDURES.manage }),
  ...(MACHINE_PROCEDURES.adopt && { adopt: MACHINE_PROCEDURES.adopt }),
  deploy: DEPLOY,
  rebuild: DEPLOY,
  clean: CLEAN,
  provide: cleanedAfter([CHECK_POWER]),
  delete: cleanedAfter([STOP_NETBOOT, POWER_OFF, FORGET_INSTANCE, BEGIN_CLEANING]),
  inspect: {
    steps: [
      BEGIN_INSPECTION,
      ...BOOT_AGENT.slice(0, -1),
      INSPECT_BY_AGENT,
      POWER_OFF,
      STOP_NETBOOT,
      END_INSPECTION,
    ],
    cleanUp: endInspection,
  },
};

/** Switches a machine off that was started for its agent. */
async function stopAgent(context: StepContext): Promise<void> {
  if ((await recallPxe(context)) !== undefined) await switchPower(context, 'power off');
  await leaveNetworks(context);
}

async function endInspection(context: StepContext): Promise<void> {
  await context.updateNode({ inspectionStartedAt: null });
  await deleteBootFacts(context.services.database, context.nodeUuid, context.operationUuid);
  await stopAgent(context);
}
