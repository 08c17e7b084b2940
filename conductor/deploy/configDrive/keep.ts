import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explain, IronpxeError } from '../../errors/error.ts';
import { redactUrl, requestImage } from '../../images/request.ts';
import { formatBytes } from '../../values/units.ts';
import { operationDir } from '../places.ts';
import { CONFIG_DRIVE_BYTES } from '../plan/imageTable.ts';
import type { StepContext } from '../steps/types.ts';
import { unpackConfigDrive } from './unpack.ts';

const FILE = 'configdrive.img';
const FETCH_TIMEOUT_MS = 120_000;
const STALL_TIMEOUT_MS = 30_000;
/** Base64 of what does not compress, with line ends. */
const LARGEST_PACKED_BYTES = CONFIG_DRIVE_BYTES * 1.4;

/** Where an operation keeps its config drive. */
export function configDrivePath({ services, operationUuid }: StepContext): string {
  return join(operationDir(services.config, operationUuid), FILE);
}

/**
 * Unpacks a config drive (the text that users hand over, or the URL of it) to its place. It holds
 * secrets, so nobody else may read it and it is in no cache.
 * @throws IronpxeError CONFIG_DRIVE_INVALID, CONFIG_DRIVE_TOO_LARGE, IMAGE_NOT_FOUND,
 *   IMAGE_DOWNLOAD_*
 */
export async function keepConfigDrive(context: StepContext, given: string): Promise<void> {
  const isUrl = /^https?:\/\//.test(given);
  const packed = isUrl ? await fetchDrive(given, context.signal) : Buffer.from(given, 'latin1');
  const image = await unpackConfigDrive(packed);
  const path = configDrivePath(context);
  await mkdir(operationDir(context.services.config, context.operationUuid), { recursive: true });
  await writeFile(path, image, { mode: 0o600 });
}

async function fetchDrive(url: string, outer: AbortSignal): Promise<Buffer> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(FETCH_TIMEOUT_MS)]);
  const options = { headers: {}, signal, stallTimeoutMs: STALL_TIMEOUT_MS };
  try {
    return await readAll((await requestImage(url, options)).body);
  } catch (error) {
    outer.throwIfAborted();
    if (error instanceof IronpxeError) throw error;
    const message = `The config drive at "${redactUrl(url)}" cannot be fetched: ${explain(error)}.`;
    throw new IronpxeError('IMAGE_DOWNLOAD_FAILED', message, { cause: error });
  }
}

async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > LARGEST_PACKED_BYTES) throw tooLarge(sizeBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(sizeBytes: number): IronpxeError {
  return new IronpxeError(
    'CONFIG_DRIVE_TOO_LARGE',
    `The server sent ${formatBytes(sizeBytes)} of config drive and more, expected at most ` +
      `${formatBytes(CONFIG_DRIVE_BYTES)} unpacked.`,
  );
}
