import { createReadStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { DigestingPass } from './digests.ts';
import { OpenStackFailure } from './failure.ts';
import type { GlanceImage, ImagesApi } from './imagesApi.ts';

export type Upload = {
  readonly id: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** What the content must be. */
  readonly sha256: string;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (doneBytes: number) => void;
};

const MIB = 1024 ** 2;
const ACTIVE_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 500;

/**
 * Sends a file as the content of an image, and compares what Glance says of it with what was sent.
 * @throws OpenStackFailure
 */
export async function uploadFile(api: ImagesApi, upload: Upload): Promise<GlanceImage> {
  const { id, path, sizeBytes, signal } = upload;
  const file = createReadStream(path, { highWaterMark: MIB });
  const pass = new DigestingPass(upload.onBytes);
  let unreadable: Error | undefined;
  file.on('error', (error) => pass.destroy((unreadable = error)));
  try {
    await api.upload(id, file.pipe(pass), sizeBytes, signal);
  } catch (error) {
    // What looks like a broken connection from there.
    throw unreadable ?? error;
  } finally {
    file.destroy();
    pass.destroy();
  }
  expectSame(`The file ${path}`, 'sha256', pass.digest('sha256'), upload.sha256);
  const image = await untilActive(api, id, signal);
  expectSame(`Image ${id}`, 'size', String(image.size), String(sizeBytes));
  if (image.checksum) expectSame(`Image ${id}`, 'md5', image.checksum, pass.digest('md5'));
  const algorithm = image.os_hash_algo ?? '';
  const sent = pass.digest(algorithm);
  if (sent !== undefined) expectSame(`Image ${id}`, algorithm, image.os_hash_value ?? '', sent);
  return image;
}

/** Glance answers once the image is active, but an import behind the scenes may take longer. */
async function untilActive(api: ImagesApi, id: string, signal?: AbortSignal): Promise<GlanceImage> {
  const deadlineMs = performance.now() + ACTIVE_WITHIN_MS;
  for (;;) {
    const image = await api.show(id, signal);
    if (image.status === 'active') return image;
    const waits = image.status === 'saving' || image.status === 'importing';
    if (!waits || performance.now() > deadlineMs)
      throw new OpenStackFailure(
        'broken',
        `Image ${id} is "${image.status}" after its upload, expected "active".`,
      );
    await delay(LOOK_AGAIN_MS, undefined, { signal });
  }
}

function expectSame(
  subject: string,
  what: string,
  found: string | undefined,
  expected: string | undefined,
): void {
  if (found === expected) return;
  throw new OpenStackFailure('mismatch', `${subject} has ${what} ${found}, expected ${expected}.`);
}
