import { createHmac, timingSafeEqual } from 'node:crypto';

/** Below this name of the boot HTTP server stand the images that agents fetch. */
export const AGENT_IMAGES_PATH = '/agent_images';

/** What is signed: an operation's image, for a time. */
type Grant = { readonly operationUuid: string; readonly expiresAtSeconds: number };

/**
 * The URL under which an agent fetches the image of its deploy: good until it expires, and no
 * longer than the deploy runs. `secret` is the operation's own.
 */
export function imageUrl(baseUrl: string, grant: Grant, secret: string): string {
  const { operationUuid, expiresAtSeconds } = grant;
  const query = `expires=${expiresAtSeconds}&signature=${sign(grant, secret)}`;
  return `${baseUrl}${AGENT_IMAGES_PATH}/${operationUuid}?${query}`;
}

/** Whether a URL that was asked for was given out, and is still good. */
export function isGranted(
  { operationUuid, expires, signature }: Readonly<Record<string, string | undefined>>,
  secret: string,
  nowMs: number,
): boolean {
  const expiresAtSeconds = Number(expires);
  if (operationUuid === undefined || !Number.isSafeInteger(expiresAtSeconds)) return false;
  const expected = Buffer.from(sign({ operationUuid, expiresAtSeconds }, secret));
  const found = Buffer.from(signature ?? '');
  const isSigned = found.length === expected.length && timingSafeEqual(found, expected);
  return isSigned && nowMs < expiresAtSeconds * 1000;
}

function sign({ operationUuid, expiresAtSeconds }: Grant, secret: string): string {
  return createHmac('sha256', secret).update(`${operationUuid} ${expiresAtSeconds}`).digest('hex');
}
