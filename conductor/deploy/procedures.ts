import { rm } from 'node:fs/promises';
import type { Driver } from '../drivers/types.ts';
import type { Verb } from '../states/index.ts';
import { deleteBootFacts } from '../store/bootFacts.ts';
import { type CleaningFrame, planAutomatedClean, planManualClean } from './cleaning/plan.ts';
import { type StepFrame, unnamed } from './namedSteps.ts';
import { bootDir } from './places.ts';
import { type CoreStep, planDeploy } from './planDeploy.ts';
import { switchPower } from './power.ts';
import { serviceVerb } from './servicing.ts';
import { TAKE_OVER } from './steps/adopt.ts';
import { BEGIN_CLEANING } from './steps/beginCleaning.ts';
import { CHECK_POWER } from './steps/checkPower.ts';
import { DISK_STEPS } from './steps/cleanDisks.ts';
import { COMMIT_DISK } from './steps/commitDisk.ts';
import {
  COMPARE_DISK,
  endService,
  KEEP_BOOT,
  KNOW_CONTENT,
  RESTORE_BOOT,
  VERIFY_DISK_STEP,
} from './steps/compareDisk.ts';
import { CONFIRM_BOOT } from './steps/confirmBoot.ts';
import { recallDeploy } from './steps/deployData.ts';
import { FEED_OTHERS } from './steps/feedOthers.ts';
import { BEGIN_INSPECTION, END_INSPECTION, INSPECT_HARDWARE } from './steps/inspect.ts';
import { leaveNetworks, moveToInstance } from './steps/networks.ts';
import { INSTALL_BOOTLOADER } from './steps/installBootloader.ts';
import { PLAN_DISK } from './steps/planDisk.ts';
import { PREPARE_BOOT, PREPARE_SERVICE_BOOT } from './steps/prepareBoot.ts';
import { PREPARE_IMAGE } from './steps/prepareImage.ts';
import { READ_FIRMWARE } from './steps/readFirmware.ts';
import { REFUSE } from './steps/refuse.ts';
import { RELEASE_RAMDISK } from './steps/releaseRamdisk.ts';
import { RESERVED_STEPS, WAIT_FOR_RAMDISK } from './steps/reserved.ts';
import { SEE_PXE } from './steps/seePxe.ts';
import { START_RAMDISK } from './steps/startRamdisk.ts';
import { SWITCH_BOOT } from './steps/switchBoot.ts';
import {
  abandonDeploy,
  FORGET_INSTANCE,
  FORGET_PLAN,
  POWER_OFF,
  STOP_NETBOOT,
} from './steps/tearDown.ts';
import {
  SIMULATE_ADOPT,
  SIMULATE_DEPLOY,
  SIMULATE_INSPECT,
  SIMULATE_RESCUE,
  SIMULATE_TEAR_DOWN,
  SIMULATE_UNRESCUE,
  SIMULATED_FIRMWARE_UPDATE,
  SIMULATED_SERVICE_STEPS,
  SIMULATED_STEPS,
} from './steps/simulated.ts';
import type { OfferedStep, Procedure, Step, StepContext } from './steps/types.ts';
import { VERIFY_DISK } from './steps/verifyDisk.ts';
import { WAIT_CALL_BACK } from './steps/waitCallBack.ts';
import { WRITE_DISK } from './steps/writeDisk.ts';

/** How verbs are carried out; a verb without a row is not supported. */
export type Procedures = Readonly<Partial<Record<Verb, Procedure>>>;

/** Boots the ramdisk for work that is not a deploy. */
const BOOT_RAMDISK: readonly Step[] = [
  PREPARE_SERVICE_BOOT,
  START_RAMDISK,
  SEE_PXE,
  WAIT_CALL_BACK,
];

/** The machine leaves the ramdisk, unless a step of the user did so, and the network where it found it. */
const RELEASE: Step = {
  ...RELEASE_RAMDISK,
  async run(context) {
    const { callback } = await recallDeploy(context);
    if (callback === undefined) await switchPower(context, 'rebooting');
    else await RELEASE_RAMDISK.run(context);
    await moveToInstance(context);
  },
};

/** What the conductor itself does on request, and what the ramdisk can be waited for. */
const FLOW_STEPS = [...RESERVED_STEPS, WAIT_FOR_RAMDISK];
const DISK_AND_FLOW_STEPS = [...DISK_STEPS, ...FLOW_STEPS];

/** What is done for every deploy, as part of which core step of Ironic. */
const DEPLOY_STEPS: readonly CoreStep[] = [
  ...part('deploy', 100, [PREPARE_IMAGE, PREPARE_BOOT, START_RAMDISK, SEE_PXE, WAIT_CALL_BACK]),
  ...part('write_image', 80, [PLAN_DISK, WRITE_DISK, VERIFY_DISK, COMMIT_DISK, FEED_OTHERS]),
  ...part('prepare_instance_boot', 60, [INSTALL_BOOTLOADER, SWITCH_BOOT]),
  ...part('tear_down_agent', 40, [RELEASE]),
  ...part('boot_instance', 20, [CONFIRM_BOOT, FORGET_PLAN]),
];

function part(name: string, priority: number, steps: readonly Step[]): readonly CoreStep[] {
  return steps.map((step) => ({ step, of: { name, priority } }));
}

const CLEANING: CleaningFrame = {
  offered: DISK_AND_FLOW_STEPS,
  automated: ({ clean }) => ({
    'deploy.erase_devices_metadata': clean.metadata_priority,
    'deploy.erase_devices': clean.erase_priority,
  }),
  before: BOOT_RAMDISK,
  after: [POWER_OFF, STOP_NETBOOT, READ_FIRMWARE],
};

/** Boots the ramdisk on a machine whose system stays on its disk, and that system again. */
const SERVICE: StepFrame = {
  offered: [VERIFY_DISK_STEP, ...FLOW_STEPS],
  before: [KEEP_BOOT, PREPARE_BOOT, START_RAMDISK, SEE_PXE, WAIT_CALL_BACK],
  after: [RESTORE_BOOT, RELEASE],
};

const VERIFICATION = [KNOW_CONTENT, ...SERVICE.before, COMPARE_DISK, ...SERVICE.after];

const SIMULATED_OFFER = [...SIMULATED_STEPS, ...RESERVED_STEPS];
const SIMULATED_CLEANING: CleaningFrame = {
  offered: [...SIMULATED_OFFER, SIMULATED_FIRMWARE_UPDATE],
  automated: () => ({}),
  before: [],
  after: [],
};

const SIMULATED_SERVICE: StepFrame = {
  offered: [...SIMULATED_SERVICE_STEPS, ...RESERVED_STEPS],
  before: [],
  after: [],
};

/** The verbs of a machine that boots the deploy ramdisk from the network. */
export const MACHINE_PROCEDURES: Procedures = {
  ...cleaningVerbs(CLEANING, [STOP_NETBOOT, POWER_OFF, FORGET_INSTANCE], stopRamdisk),
  ...deployVerbs(DEPLOY_STEPS, DISK_AND_FLOW_STEPS, abandonDeploy),
  manage: { steps: [CHECK_POWER, READ_FIRMWARE] },
  inspect: {
    steps: [
      BEGIN_INSPECTION,
      ...BOOT_RAMDISK,
      INSPECT_HARDWARE,
      READ_FIRMWARE,
      POWER_OFF,
      STOP_NETBOOT,
      END_INSPECTION,
    ],
    cleanUp: endInspection,
  },
  adopt: { steps: [CHECK_POWER, TAKE_OVER], cleanUp: letGo },
  service: serviceVerb({
    steps: [...VERIFICATION, ...SERVICE.offered],
    verification: VERIFICATION,
    frame: () => SERVICE,
    cleanUp: endService,
  }),
};

/** The verbs of what has no machine behind it: they take their time and end well. */
export const SIMULATED_PROCEDURES: Procedures = {
  ...cleaningVerbs(SIMULATED_CLEANING, [SIMULATE_TEAR_DOWN, FORGET_INSTANCE]),
  ...deployVerbs(part('deploy', 100, [SIMULATE_DEPLOY]), SIMULATED_OFFER),
  manage: { steps: [CHECK_POWER, READ_FIRMWARE] },
  inspect: { steps: [BEGIN_INSPECTION, SIMULATE_INSPECT, END_INSPECTION] },
  adopt: { steps: [CHECK_POWER, SIMULATE_ADOPT] },
  rescue: { steps: [SIMULATE_RESCUE] },
  unrescue: { steps: [SIMULATE_UNRESCUE] },
  service: serviceVerb({
    steps: SIMULATED_SERVICE.offered,
    frame: () => SIMULATED_SERVICE,
  }),
};

/** How a driver's nodes carry out a verb; `undefined` when they cannot. */
export function procedureOf(driver: Pick<Driver, 'simulate'>, verb: Verb): Procedure | undefined {
  return (driver.simulate === undefined ? MACHINE_PROCEDURES : SIMULATED_PROCEDURES)[verb];
}

/** The verbs in which machines are cleaned: by request, and on the way to the next user. */
function cleaningVerbs(
  frame: CleaningFrame,
  tearDown: readonly Step[],
  cleanUp?: Procedure['cleanUp'],
): Procedures {
  const cleaning = [...frame.before, ...frame.offered, ...frame.after];
  const ends = cleanUp === undefined ? {} : { cleanUp };
  const after = (first: readonly Step[]): Procedure => ({
    steps: [...first, ...cleaning],
    plan: ({ node, config }) => [...unnamed(first), ...planAutomatedClean(frame, node, config)],
    ...ends,
  });
  return {
    provide: after([CHECK_POWER]),
    delete: after([...tearDown, BEGIN_CLEANING]),
    clean: {
      steps: [...cleaning, REFUSE],
      plan: ({ options }) => planManualClean(frame, options),
      refusal: REFUSE,
      ...ends,
    },
  };
}

function deployVerbs(
  core: readonly CoreStep[],
  offered: readonly OfferedStep[],
  cleanUp?: Procedure['cleanUp'],
): Procedures {
  const deploy: Procedure = {
    steps: [...core.map(({ step }) => step), ...offered],
    plan: ({ options, templateSteps }) =>
      planDeploy(core, offered, {
        byUser: options.deploySteps ?? [],
        byTemplates: templateSteps,
      }),
    ...(cleanUp && { cleanUp }),
  };
  return { deploy, rebuild: deploy };
}

/**
 * Switches a machine off in which the ramdisk runs. It stays in the boot facts, so that a machine
 * that is switched on by hand boots it again, is told to stop, and never boots what is on its disk.
 */
async function stopRamdisk(context: StepContext): Promise<void> {
  const { deployKey } = await recallDeploy(context);
  if (deployKey !== undefined) await switchPower(context, 'power off');
  await leaveNetworks(context);
}

/** A machine that was not inspected is off; what is on its disk is nobody's secret. */
async function endInspection(context: StepContext): Promise<void> {
  await context.updateNode({ inspectionStartedAt: null });
  await deleteBootFacts(context.services.database, context.nodeUuid, context.operationUuid);
  await stopRamdisk(context);
}

/** A machine that was not taken over boots as it did before. */
async function letGo(context: StepContext): Promise<void> {
  const { config, database } = context.services;
  await deleteBootFacts(database, context.nodeUuid, context.operationUuid);
  await rm(bootDir(config, context.nodeUuid), { recursive: true, force: true });
}
