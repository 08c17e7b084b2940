import { join } from 'node:path';
import { deleteBootFacts, putBootFacts } from '../../store/bootFacts.ts';
import { bootKernelLine } from '../bootLine.ts';
import { lookUpImage, withImage } from '../deployImage.ts';
import { bootDir } from '../places.ts';
import { parseDeployRequest } from '../request.ts';
import { keepBootFiles } from './prepareImage.ts';
import type { Step } from './types.ts';

/**
 * Takes over a machine that runs already: from now on it boots from the network what
 * `instance_info` names. Neither its disk nor its power is touched.
 * @throws IronpxeError DEPLOY_PARAMETER_*, IMAGE_*
 */
export const TAKE_OVER: Step = {
  name: 'take_over',
  title: 'Taking over what the machine boots',
  async run(context) {
    const { services } = context;
    const { database, config } = services;
    const found = await context.node();
    const node = withImage(found, await lookUpImage(services, found, context.signal));
    const request = parseDeployRequest(node);
    const { wholeDisk, bootsFromDisk } = request;
    const root = rootOf(node.driverInternalInfo['root_uuid_or_disk_id']);
    const line = bootsFromDisk ? '' : bootKernelLine(node, config, root).line;
    const { driverInternalInfo } = node;
    await context.updateNode({
      driverInternalInfo: { ...driverInternalInfo, is_whole_disk_image: wholeDisk },
    });
    // What boots from its disk is offered nothing, and firmware goes on to the disk.
    if (bootsFromDisk) return deleteBootFacts(database, node.uuid, context.operationUuid);
    await keepBootFiles(context, request);
    const folder = bootDir(config, node.uuid);
    await putBootFacts(
      database,
      {
        nodeUuid: node.uuid,
        label: 'boot_partition',
        files: { kernel: join(folder, 'kernel'), ramdisk: join(folder, 'ramdisk') },
        deployOptions: '',
        bootOptions: line,
        diskIdentifier: undefined,
      },
      context.operationUuid,
    );
    return undefined;
  },
};

function rootOf(uuid: unknown): string | undefined {
  return typeof uuid === 'string' ? `UUID=${uuid}` : undefined;
}
