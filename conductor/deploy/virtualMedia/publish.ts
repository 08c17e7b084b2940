import { randomBytes } from 'node:crypto';
import { constants, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { MediaDevice } from '../../drivers/types.ts';
import { fetchFile } from '../../images/fetchImage.ts';
import type { Database } from '../../store/database.ts';
import type { Node } from '../../store/types.ts';
import { isUuid } from '../../values/uuid.ts';
import { bootUrlFor } from '../bootUrl.ts';
import { tidyImageCache } from '../imageCache.ts';
import { imageCacheDir, mediaDir, mediaRoot } from '../places.ts';

/** Below this name of the boot HTTP server stand the images for virtual drives. */
export const MEDIA_PATH = '/virtual_media';

/** Nobody can guess the name of such a file, so whoever knows it may have it. */
const FILE = /^(?:disk|cdrom|floppy)-[0-9a-f]{32}\.(?:iso|img)$/;

type Place = { readonly database: Database; readonly config: Config };

/**
 * Fetches an image and puts a copy where the node's BMC fetches it: the cache may let go of an
 * image, a drive holds it for as long as people wish.
 * @returns its URL and the name of its file
 * @throws IronpxeError IMAGE_*
 */
export async function publish(
  place: Place,
  node: Pick<Node, 'uuid' | 'driverInfo'>,
  medium: { readonly device: MediaDevice; readonly imageUrl: string; readonly bmc: string },
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly file: string }> {
  const { config } = place;
  const { device, imageUrl, bmc } = medium;
  const { path } = await fetchFile(imageUrl, {
    cacheDir: imageCacheDir(config),
    allowedFolders: [],
    signal,
    makeRoom: (neededBytes) => tidyImageCache(place, neededBytes),
  });
  // BMCs look at the end of the name.
  const end = device === 'cdrom' ? 'iso' : 'img';
  const file = `${device}-${randomBytes(16).toString('hex')}.${end}`;
  const folder = mediaDir(config, node.uuid);
  const kept = join(folder, file);
  await mkdir(folder, { recursive: true });
  const partial = `${kept}.partial`;
  try {
    await copyFile(path, partial, constants.COPYFILE_FICLONE);
    await rename(partial, kept);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return { url: `${baseUrl(config, node, bmc)}${MEDIA_PATH}/${node.uuid}/${file}`, file };
}

/** Ironic's key of a node wins, for BMCs are often in a network of their own. */
function baseUrl(config: Config, { driverInfo }: Pick<Node, 'driverInfo'>, bmc: string): string {
  const { external_http_url: own } = driverInfo;
  const url = typeof own === 'string' && own !== '' ? own : bootUrlFor(config, bmc);
  return url.replace(/\/+$/, '');
}

/** The file behind a path below {@link MEDIA_PATH}; `undefined` when it can be none. */
export function publishedFile(config: Config, nodeUuid: string, file: string): string | undefined {
  return isUuid(nodeUuid) && FILE.test(file) ? join(mediaDir(config, nodeUuid), file) : undefined;
}

/** Takes back what was published for drives of a node, but for the file `kept`. */
export async function unpublish(
  config: Config,
  nodeUuid: string,
  devices: readonly MediaDevice[],
  kept?: string,
): Promise<void> {
  const folder = mediaDir(config, nodeUuid);
  const names = await readdir(folder).catch(() => []);
  const gone = names.filter(
    (name) => name !== kept && devices.some((device) => name.startsWith(`${device}-`)),
  );
  for (const name of gone) await rm(join(folder, name), { force: true });
}

/** Removes what was published for nodes that are no more. */
export async function forgetMediaOfGoneNodes({ database, config }: Place): Promise<void> {
  const folders = await readdir(mediaRoot(config)).catch(() => []);
  if (folders.length === 0) return;
  const rows = await database
    .selectFrom('nodes')
    .select('uuid')
    .where('uuid', 'in', folders)
    .execute();
  const alive = new Set(rows.map(({ uuid }) => uuid));
  for (const uuid of folders.filter((folder) => !alive.has(folder)))
    await rm(mediaDir(config, uuid), { recursive: true, force: true });
}
