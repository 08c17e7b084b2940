import { join } from 'node:path';
import { getBootFacts, putBootFacts } from '../../store/bootFacts.ts';
import { appendEvent } from '../../store/events.ts';
import { bootKernelLine } from '../bootLine.ts';
import { bootDir, operationDir } from '../places.ts';
import { parseDeployRequest } from '../request.ts';
import { loadPlan } from '../planFile.ts';
import { left, rememberDeploy } from './deployData.ts';
import type { Step } from './types.ts';

/** From here on the node's MACs boot the user's system: one transaction, no file is rewritten. */
export const SWITCH_BOOT: Step = {
  name: 'switch_boot',
  title: "Switching the boot to the user's system",
  async run(context) {
    const { database, config } = context.services;
    const node = await context.node();
    const { wholeDisk } = parseDeployRequest(node);
    const plan = await loadPlan(operationDir(config, context.operationUuid));
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
        label: wholeDisk ? 'boot_whole_disk' : 'boot_partition',
        files: wholeDisk ? {} : files,
        deployOptions: '',
        bootOptions: wholeDisk ? '' : bootKernelLine(node, config, plan.rootDevice).line,
        diskIdentifier: plan.diskIdentifier,
      },
      context.operationUuid,
    );
    const root = wholeDisk ? plan.diskIdentifier : plan.rootDevice;
    await context.updateNode({
      driverInternalInfo: {
        ...node.driverInternalInfo,
        is_whole_disk_image: wholeDisk,
        root_uuid_or_disk_id: root?.replace(/^UUID=/, '') ?? null,
      },
    });
  },
};
