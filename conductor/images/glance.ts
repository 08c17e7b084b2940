import { IronpxeError } from '../errors/error.ts';
import { isUuid } from '../values/uuid.ts';
import { cachedDownload } from './cachedDownload.ts';
import { parseChecksum } from './checksum.ts';
import type { FetchOptions } from './fetchImage.ts';
import type { CachedFile, Checksum } from './types.ts';

const SCHEME = 'glance://';

/** The id of an image reference that names Glance: `glance://UUID` or a UUID alone. */
export function glanceId(ref: string): string | undefined {
  const id = ref.startsWith(SCHEME) ? ref.slice(SCHEME.length) : ref;
  return isUuid(id) ? id.toLowerCase() : undefined;
}

/** A bare UUID as `glance://UUID`; anything else as it is. */
export function canonicalRef(ref: string): string {
  const id = glanceId(ref);
  return id === undefined ? ref : SCHEME + id;
}

/**
 * Brings the content of an image of Glance into the cache, under its id and checksum. The digest
 * that Glance keeps (SHA-512, or MD5 of an old image) is checked; one that the caller gives wins.
 * @throws IronpxeError IMAGE_*, OPENSTACK_*, GLANCE_IMAGE_UNUSABLE
 */
export async function fetchFromGlance(
  url: URL,
  options: Omit<FetchOptions, 'checksum'> & { readonly checksum: Checksum | undefined },
): Promise<CachedFile> {
  const { glance, signal } = options;
  const id = glanceId(url.href);
  if (id === undefined)
    throw new IronpxeError(
      'IMAGE_SCHEME_UNSUPPORTED',
      `Image "${url.href}" has no UUID, expected glance://UUID.`,
    );
  if (glance === undefined)
    throw new IronpxeError(
      'OPENSTACK_NOT_CONFIGURED',
      `Image ${id} is in Glance, and no Keystone is configured.`,
    );
  const described = await glance.describe(id, signal);
  const known = described.checksum === undefined ? undefined : parseChecksum(described.checksum);
  const { url: contentUrl } = await glance.contentRequest(id, signal);
  return cachedDownload(
    contentUrl,
    { ...options, checksum: options.checksum ?? known },
    {
      identity: SCHEME + id,
      // The token may end before a long download is tried again, so each try asks for one.
      access: (signal) => glance.contentRequest(id, signal),
      // Glance never changes the content of an active image, and sends no ETag that could tell.
      immutable: true,
    },
  );
}
