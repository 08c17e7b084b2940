import { join } from 'node:path';
import { explain } from '../../errors/error.ts';
import { getBootFacts, putBootFacts } from '../../store/bootFacts.ts';
import { appendEvent } from '../../store/events.ts';
import { bootKernelLine } from '../bootLine.ts';
import { bootDir, operationDir } from '../places.ts';
import { withinTime } from '../power.ts';
import { parseDeployRequest } from '../request.ts';
import type { DiskPlan } from '../plan/types.ts';
import { loadPlan } from '../planFile.ts';
import { left, rememberDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';

/** From here on the node's MACs boot the user's system: one transaction, no file is rewritten. */
export const SWITCH_BOOT: Step = {
  name: 'switch_boot',
  title: "Switching the boot to the user's system",
  async run(context) {
    const { config } = context.services;
    await switchBootTo(context, await loadPlan(operationDir(config, context.operationUuid)));
  },
};

/** Swaps the boot facts for those of what is on the disk, and the boot device where it shall be. */
export async function switchBootTo(
  context: StepContext,
  written: Pick<DiskPlan, 'rootDevice' | 'diskIdentifier'>,
): Promise<void> {
  const { database, config } = context.services;
  const node = await context.node();
  const { wholeDisk, bootsFromDisk, setsBootDevice } = parseDeployRequest(node);
  const facts = left(await getBootFacts(database, node.uuid), 'boot facts');
  const files = {
    kernel: join(bootDir(config, node.uuid), 'kernel'),
    ramdisk: join(bootDir(config, node.uuid), 'ramdisk'),
  };
  const swapEventId = await appendEvent(database, {
    kind: 'boot_facts.changed',
    nodeUuid: node.uuid,
    operationUuid: context.operationUuid,
    message: 'the deploy ramdisk is no longer offered',
  });
  await rememberDeploy(context, { swapEventId });
  await putBootFacts(
    database,
    {
      ...facts,
      label: bootsFromDisk ? 'boot_whole_disk' : 'boot_partition',
      files: bootsFromDisk ? {} : files,
      deployOptions: '',
      bootOptions: bootsFromDisk ? '' : bootKernelLine(node, config, written.rootDevice).line,
      diskIdentifier: written.diskIdentifier,
    },
    context.operationUuid,
  );
  const root = wholeDisk ? written.diskIdentifier : written.rootDevice;
  await context.updateNode({
    driverInternalInfo: {
      ...node.driverInternalInfo,
      is_whole_disk_image: wholeDisk,
      root_uuid_or_disk_id: root?.replace(/^UUID=/, '') ?? null,
    },
  });
  if (setsBootDevice) await setDiskAsBootDevice(context);
}

/**
 * A machine that cannot be told goes on booting from the network, which sends it to its disk: so a
 * failure is noted and no more.
 */
async function setDiskAsBootDevice(context: StepContext): Promise<void> {
  const { driver, node } = await context.machine();
  const { power_timeout_seconds: timeoutSeconds } = context.services.config.deploy;
  const device = 'disk';
  try {
    await withinTime(timeoutSeconds, device, context.signal, (signal) =>
      driver.setBootDevice(node, device, { persistent: true, signal }),
    );
    const data = { device, persistent: true };
    await context.observe('boot_device.changed', 'boot device: disk', data);
  } catch (error) {
    context.signal.throwIfAborted();
    const message = `boot device: still the network, which leads to the disk (${explain(error)})`;
    await context.observe('boot_device.changed', message, { device: 'pxe' });
  }
}
