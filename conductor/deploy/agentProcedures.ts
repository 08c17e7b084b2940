import { deleteBootFacts } from '../store/bootFacts.ts';
import { isCleanedAutomatically, planManualClean } from './cleaning/plan.ts';
import type { AskedStep } from './conductor.ts';
import { unnamed } from './namedSteps.ts';
import { type CoreStep, planDeploy } from './planDeploy.ts';
import { switchPower } from './power.ts';
import { serviceVerb } from './servicing.ts';
import { type Procedures, MACHINE_PROCEDURES } from './procedures.ts';
import { BOOT_AGENT, WAIT_FOR_HEARTBEAT } from './steps/agentBoot.ts';
import {
  ENTER_INSTANCE_NETWORKS,
  LEAVE_AGENT,
  LEAVE_SERVICE_AGENT,
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
import { endService, KEEP_BOOT, RESTORE_BOOT } from './steps/compareDisk.ts';
import { CONFIRM_BOOT } from './steps/confirmBoot.ts';
import { BEGIN_INSPECTION, END_INSPECTION } from './steps/inspect.ts';
import { leaveNetworks } from './steps/networks.ts';
import { PREPARE_IMAGE } from './steps/prepareImage.ts';
import { recallPxe } from './steps/pxeData.ts';
import { READ_FIRMWARE } from './steps/readFirmware.ts';
import { REFUSE } from './steps/refuse.ts';
import { RESERVED_STEPS } from './steps/reserved.ts';
import {
  abandonDeploy,
  FORGET_INSTANCE,
  FORGET_PLAN,
  POWER_OFF,
  STOP_NETBOOT,
} from './steps/tearDown.ts';
import type { OfferedStep, Procedure, Step, StepContext } from './steps/types.ts';

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

/** What the conductor itself does on request, and what an agent can be waited for. */
const FLOW_STEPS: readonly OfferedStep[] = [...RESERVED_STEPS, WAIT_FOR_HEARTBEAT];

/** What else a user asks for is passed on: what the agent can do is known once it runs. */
function offeredFor(asked: readonly AskedStep[]): readonly OfferedStep[] {
  const own = (one: AskedStep) => FLOW_STEPS.some(({ step }) => step === one.step);
  return [...FLOW_STEPS, ...asked.filter((one) => !own(one)).map(asOffered)];
}

const DEPLOY: Procedure = {
  steps: [...DEPLOY_STEPS.map(({ step }) => step), AGENT_STEP, ...FLOW_STEPS],
  plan({ options: { deploySteps = [] }, templateSteps }) {
    const asked = { byUser: deploySteps, byTemplates: templateSteps };
    return planDeploy(DEPLOY_STEPS, offeredFor([...deploySteps, ...templateSteps]), asked);
  },
  cleanUp: abandonDeploy,
};

const AFTER_CLEANING = [POWER_OFF, STOP_NETBOOT, READ_FIRMWARE];

/** By request; the steps of users are those of the agent. */
const CLEAN: Procedure = {
  steps: [...BOOT_AGENT, CHECK_AGENT_STEPS, AGENT_STEP, ...FLOW_STEPS, ...AFTER_CLEANING, REFUSE],
  plan: ({ options }) =>
    planManualClean(
      {
        offered: offeredFor(options.cleanSteps ?? []),
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
      unnamed([...first, ...(isCleanedAutomatically(node, config) ? cleaning : [])]),
    cleanUp: stopAgent,
  };
}

/** Boots the agent on a machine whose system stays on its disk, and that system again. */
const SERVICE = {
  before: [KEEP_BOOT, ...BOOT_AGENT, CHECK_AGENT_STEPS],
  after: [RESTORE_BOOT, LEAVE_SERVICE_AGENT, ENTER_INSTANCE_NETWORKS, START_INSTANCE],
};

/** The verbs of a machine whose ramdisk is an agent. It cannot compare a disk with its deploy. */
export const AGENT_PROCEDURES: Procedures = {
  ...(MACHINE_PROCEDURES.manage && { manage: MACHINE_PROCEDURES.manage }),
  ...(MACHINE_PROCEDURES.adopt && { adopt: MACHINE_PROCEDURES.adopt }),
  deploy: DEPLOY,
  rebuild: DEPLOY,
  clean: CLEAN,
  service: serviceVerb({
    steps: [...SERVICE.before, AGENT_STEP, ...FLOW_STEPS, ...SERVICE.after],
    frame: (asked) => ({ ...SERVICE, offered: offeredFor(asked) }),
    cleanUp: endService,
  }),
  provide: cleanedAfter([CHECK_POWER]),
  delete: cleanedAfter([STOP_NETBOOT, POWER_OFF, FORGET_INSTANCE, BEGIN_CLEANING]),
  inspect: {
    steps: [
      BEGIN_INSPECTION,
      ...BOOT_AGENT.slice(0, -1),
      INSPECT_BY_AGENT,
      READ_FIRMWARE,
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
