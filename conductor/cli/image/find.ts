import { existsSync } from 'node:fs';
import { hasCode, IronpxeError } from '../../errors/error.ts';
import { isUuid } from '../../values/uuid.ts';
import type { ApiClient } from '../client.ts';
import { toUrl } from '../fileUrl.ts';
import type { JsonObject } from '../json.ts';
import { nearest } from '../nodes.ts';

/** An image that was given a name, as the API shows it. */
export type WireImage = JsonObject & {
  readonly name: string;
  readonly image_source: string;
  readonly image_type?: string;
};

/** The path of a named image. */
export function imagePath(name: string): string {
  return `/v1/images/${encodeURIComponent(name)}`;
}

/** Every named image. */
export async function readImages(client: ApiClient): Promise<readonly WireImage[]> {
  return (await client.get('/v1/images')).images as WireImage[];
}

/** A named image; `undefined` when the name stands for nothing. */
export async function findImage(client: ApiClient, name: string): Promise<WireImage | undefined> {
  try {
    return (await client.get(imagePath(name))) as WireImage;
  } catch (error) {
    if (hasCode(error, 'IMAGE_UNKNOWN')) return undefined;
    throw error;
  }
}

/** A named image. @throws IronpxeError IMAGE_UNKNOWN that suggests names like it */
export async function readImage(client: ApiClient, name: string): Promise<WireImage> {
  const image = await findImage(client, name);
  if (image !== undefined) return image;
  const near = nearest(
    name,
    (await readImages(client)).map((known) => known.name),
  );
  const hint = near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
  throw new IronpxeError('IMAGE_UNKNOWN', `There is no image with the name "${name}".${hint}`);
}

/**
 * `image_source` for what a user calls an image: a URL, a UUID of Glance, a path, or a name. A word
 * that is both a name and a file of this folder is the name.
 * @throws IronpxeError CLI_USAGE, IMAGE_UNKNOWN
 */
export async function imageSource(client: ApiClient, text: string): Promise<string> {
  if (isUuid(text) || text.includes('/')) return toUrl(text);
  if ((await findImage(client, text)) !== undefined) return `image://${text}`;
  if (existsSync(text)) return toUrl(text);
  return `image://${(await readImage(client, text)).name}`;
}
