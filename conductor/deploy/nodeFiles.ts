import { constants, copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchFile, type FetchOptions } from '../images/fetchImage.ts';
import { tidyImageCache } from './imageCache.ts';
import { bootDir, imageCacheDir } from './places.ts';
import type { StepContext } from './steps/types.ts';

/** At most one progress event in so many milliseconds. */
const PROGRESS_EVERY_MS = 1000;

/** How a step fetches a file: into the conductor's cache, with progress in the node's timeline. */
export function fetchOptions(context: StepContext, source: string): FetchOptions {
  let saidAtMs = -Infinity;
  const { config, glance } = context.services;
  return {
    glance,
    cacheDir: imageCacheDir(config),
    allowedFolders: config.images.file_url_allowed_paths,
    signal: context.signal,
    makeRoom: (neededBytes) => tidyImageCache(context.services, neededBytes),
    onProgress(progress) {
      if (performance.now() - saidAtMs < PROGRESS_EVERY_MS) return;
      saidAtMs = performance.now();
      context.say('image.progress', `fetching ${source}`, { ...progress });
    },
  };
}

/**
 * Fetches a file that the node boots, and copies it to where it stays while the instance lives.
 * @returns the path of the copy
 * @throws IronpxeError IMAGE_*, OPENSTACK_*
 */
export async function keepFile(
  context: StepContext,
  source: string,
  name: string,
): Promise<string> {
  const { path } = await fetchFile(source, fetchOptions(context, source));
  const folder = bootDir(context.services.config, context.nodeUuid);
  await mkdir(folder, { recursive: true });
  const kept = join(folder, name);
  await copyFile(path, `${kept}.partial`, constants.COPYFILE_FICLONE);
  await rename(`${kept}.partial`, kept);
  return kept;
}
