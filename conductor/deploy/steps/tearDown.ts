import { rm } from 'node:fs/promises';
import { deleteBootFacts } from '../../store/bootFacts.ts';
import { withImage } from '../deployImage.ts';
import { bootDir, operationDir } from '../places.ts';
import { switchPower } from '../power.ts';
import type { Step, StepContext } from './types.ts';

/** The node's MACs boot nothing from the network any more. */
export const STOP_NETBOOT: Step = {
  name: 'stop_netboot',
  title: 'Taking the netboot away',
  run: async (context) =>
    deleteBootFacts(context.services.database, context.nodeUuid, context.operationUuid),
};

export const POWER_OFF: Step = {
  name: 'power_off',
  title: 'Powering off',
  run: async (context) => switchPower(context, 'power off'),
};

/** Removes what belongs to the instance and nothing else. */
export const FORGET_INSTANCE: Step = {
  name: 'forget_instance',
  title: 'Forgetting the instance',
  async run(context) {
    await rm(bootDir(context.services.config, context.nodeUuid), { recursive: true, force: true });
    const { driverInternalInfo } = withImage(await context.node(), undefined);
    const { is_whole_disk_image: _, root_uuid_or_disk_id: __, ...rest } = driverInternalInfo;
    await context.updateNode({ instanceInfo: {}, instanceUuid: null, driverInternalInfo: rest });
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
  const { config, database } = context.services;
  await deleteBootFacts(database, context.nodeUuid, context.operationUuid);
  await rm(bootDir(config, context.nodeUuid), { recursive: true, force: true });
  await removePlan(context);
  await switchPower(context, 'power off');
}
