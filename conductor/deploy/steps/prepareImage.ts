import { IronpxeError } from '../../errors/error.ts';
import { fetchImage } from '../../images/fetchImage.ts';
import { inspectImage } from '../../images/inspectImage.ts';
import { formatBytes, GIB } from '../../values/units.ts';
import { keepConfigDrive } from '../configDrive/keep.ts';
import { checkDeployFiles } from '../deployFiles.ts';
import { lookUpImage, withImage } from '../deployImage.ts';
import { tidyImageCache } from '../imageCache.ts';
import { fetchOptions, keepFile } from '../nodeFiles.ts';
import { imageCacheDir } from '../places.ts';
import { type DeployRequest, parseDeployRequest } from '../request.ts';
import { rememberDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';

/** Fetches and checks all that the deploy needs, before the machine is touched. */
export const PREPARE_IMAGE: Step = {
  name: 'prepare_image',
  title: 'Preparing the image',
  async run(context) {
    const { services } = context;
    const { config } = services;
    const found = await context.node();
    const node = withImage(found, await lookUpImage(services, found, context.signal));
    const request = parseDeployRequest(node);
    checkDeployFiles(node, config);
    // Later steps go by what was read now: the image's properties may change in the meantime.
    await context.updateNode({ driverInternalInfo: node.driverInternalInfo });
    const { path, sizeBytes } = await fetchImage(request.imageSource, {
      ...fetchOptions(context, request.imageSource),
      checksum: request.imageChecksum,
      expectedFormat: request.imageFormat,
    });
    const { signal } = context;
    const cacheDir = imageCacheDir(config);
    const image = await inspectImage(path, {
      cacheDir,
      signal,
      makeRoom: (neededBytes) => tidyImageCache(services, neededBytes),
      ...(request.imageFormat && { declaredFormat: request.imageFormat }),
    });
    checkSize(request, image.virtualSizeBytes);
    await keepBootFiles(context, request);
    if (request.configDrive !== undefined) await keepConfigDrive(context, request.configDrive);
    await rememberDeploy(context, { imagePath: path });
    const size = `${formatBytes(image.allocatedBytes)} of data in ${formatBytes(image.virtualSizeBytes)}`;
    await context.observe('image.progress', `${request.imageSource}: ${size}`, {
      file_bytes: sizeBytes,
      virtual_bytes: image.virtualSizeBytes,
      data_bytes: image.allocatedBytes,
    });
  },
};

function checkSize(request: DeployRequest, virtualSizeBytes: number): void {
  const rootBytes = request.rootGib * GIB;
  if (request.wholeDisk || virtualSizeBytes <= rootBytes) return;
  throw new IronpxeError(
    'IMAGE_TOO_LARGE',
    `${request.imageSource} holds ${formatBytes(virtualSizeBytes)}, more than root_gb=${request.rootGib} (${formatBytes(rootBytes)}).`,
  );
}

/** Copies kernel and ramdisk to where they stay while the instance lives. */
export async function keepBootFiles(context: StepContext, request: DeployRequest): Promise<void> {
  for (const name of ['kernel', 'ramdisk'] as const) {
    const source = request[name];
    if (!request.bootsFromDisk && source !== undefined) await keepFile(context, source, name);
  }
}
