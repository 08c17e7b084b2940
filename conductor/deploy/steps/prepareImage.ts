import { constants, copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { IronpxeError } from '../../errors/error.ts';
import { fetchFile, fetchImage, type FetchOptions } from '../../images/fetchImage.ts';
import { inspectImage } from '../../images/inspectImage.ts';
import { formatBytes, GIB } from '../../values/units.ts';
import { lookUpImage, withImage } from '../deployImage.ts';
import { bootDir, imageCacheDir } from '../places.ts';
import { type DeployRequest, parseDeployRequest } from '../request.ts';
import { deployFiles } from './prepareBoot.ts';
import { rememberDeploy } from './deployData.ts';
import type { Step, StepContext } from './types.ts';

/** At most one progress event in so many milliseconds. */
const PROGRESS_EVERY_MS = 1000;

/** Fetches and checks all that the deploy needs, before the machine is touched. */
export const PREPARE_IMAGE: Step = {
  name: 'prepare_image',
  title: 'Preparing the image',
  async run(context) {
    const { glance, config } = context.services;
    const found = await context.node();
    const node = withImage(found, await lookUpImage(glance, found, context.signal));
    const request = parseDeployRequest(node);
    deployFiles(node, config);
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
      ...(request.imageFormat && { declaredFormat: request.imageFormat }),
    });
    checkSize(request, image.virtualSizeBytes);
    await keepBootFiles(context, request);
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

function fetchOptions(context: StepContext, source: string): FetchOptions {
  let saidAtMs = -Infinity;
  const { config, glance } = context.services;
  return {
    glance,
    cacheDir: imageCacheDir(config),
    allowedFolders: config.images.file_url_allowed_paths,
    signal: context.signal,
    onProgress(progress) {
      if (performance.now() - saidAtMs < PROGRESS_EVERY_MS) return;
      saidAtMs = performance.now();
      context.say('image.progress', `fetching ${source}`, { ...progress });
    },
  };
}

/** Copies kernel and ramdisk to where they stay while the instance lives. */
async function keepBootFiles(context: StepContext, request: DeployRequest): Promise<void> {
  const folder = bootDir(context.services.config, context.nodeUuid);
  for (const name of ['kernel', 'ramdisk'] as const) {
    const source = request[name];
    if (request.wholeDisk || source === undefined) continue;
    const { path } = await fetchFile(source, fetchOptions(context, source));
    await mkdir(folder, { recursive: true });
    const partial = join(folder, `${name}.partial`);
    await copyFile(path, partial, constants.COPYFILE_FICLONE);
    await rename(partial, join(folder, name));
  }
}
