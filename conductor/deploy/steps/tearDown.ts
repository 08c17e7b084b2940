import { rm } from 'node:fs/promises';
import { AGENT_POWER } from '../../drivers/manual/driver.ts';
import { deleteAllocation } from '../../store/allocations.ts';
import { deleteBootFacts } from '../../store/bootFacts.ts';
import { withImage } from '../deployImage.ts';
import { bootDir, operationDir } from '../places.ts';
import { switchPower } from '../power.ts';
import { sessionOf } from '../ramdisk/link.ts';
import { withoutReceipt } from '../receipt.ts';
import { recallDeploy } from './deployData.ts';
import { leaveNetworks } from './networks.ts';
import type { Step, StepContext } from './types.ts';

/** The node's MACs boot nothing from the network any more. */
export const STOP_NETBOOT: Step = {
  name: 'stop_netboot',
  title: 'Taking the netboot away',
  async run(context) {
    await deleteBootFacts(context.services.database, context.nodeUuid, context.operationUuid);
    await leaveNetworks(context);
  },
};

export const POWER_OFF: Step = {
  name: 'power_off',
  title: 'Powering off',
  async run(context) {
    if (!(await staysOn(context))) return switchPower(context, 'power off');
    await context.updateNode({ powerState: 'power on', targetPowerState: null });
    const message = 'the ramdisk stays on, so that nobody has to go there to start the machine';
    return context.observe('power.changed', message);
  },
};

/** Where only people could start it again, the ramdisk that did this work waits for the next. */
async function staysOn(context: StepContext): Promise<boolean> {
  const { node } = await context.machine();
  if (node.powerInterface !== AGENT_POWER) return false;
  return sessionOf(await recallDeploy(context)) !== undefined;
}

/** Removes what belongs to the instance and nothing else. */
export const FORGET_INSTANCE: Step = {
  name: 'forget_instance',
  title: 'Forgetting the instance',
  async run(context) {
    const { config, database } = context.services;
    await rm(bootDir(config, context.nodeUuid), { recursive: true, force: true });
    const node = await context.node();
    const { driverInternalInfo } = withImage(node, undefined);
    const { is_whole_disk_image: _, root_uuid_or_disk_id: __, ...rest } = driverInternalInfo;
    if (node.allocationUuid !== null) await deleteAllocation(database, node.allocationUuid);
    await context.updateNode({
      instanceInfo: {},
      instanceUuid: null,
      driverInternalInfo: withoutReceipt(rest),
    });
  },
};

/** The plan has served its purpose once the machine runs. */
export const FORGET_PLAN: Step = {
  name: 'forget_plan',
  title: 'Clearing up',
  run: removePlan,
};

async function removePlan(context: StepContext): Promise<void> {
  const folder = operationDir(context.services.config, context.operationUuid);
  await rm(folder, { recursive: true, force: true });
}

/**
 * Ends a deploy that failed: the machine boots nothing and is switched off, so that neither the
 * ramdisk nor a half-written disk goes on running.
 */
export async function abandonDeploy(context: StepContext): Promise<void> {
  const { config, database, relay } = context.services;
  relay?.leave(context.operationUuid);
  await deleteBootFacts(database, context.nodeUuid, context.operationUuid);
  await rm(bootDir(config, context.nodeUuid), { recursive: true, force: true });
  await removePlan(context);
  await switchPower(context, 'power off');
  await leaveNetworks(context);
}
