import { createHash } from 'node:crypto';
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, IronpxeError } from '../errors/error.ts';
import { fileIdentity } from './cache.ts';
import { expectFreeSpace, explainNoSpace } from './freeSpace.ts';
import { qemuImgToRaw } from './qemuImg.ts';
import { SharedWork } from './shared.ts';

const copies = new SharedWork<string, never>();

/**
 * The path of a sparse raw copy of a qcow2 image, made once and kept in the cache under the
 * identity (inode, size, times) of its source. `dataBytes` is what the copy will take.
 * @throws IronpxeError IMAGE_CACHE_FULL, IMAGE_CORRUPT
 */
export async function rawCopy(
  path: string,
  options: {
    readonly cacheDir: string;
    readonly dataBytes: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<string> {
  const identity = JSON.stringify([path, await fileIdentity(path)]);
  const key = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  const target = join(options.cacheDir, `${key}.raw`);
  return copies.join(target, (signal) => makeCopy(path, target, { ...options, signal }), options);
}

async function makeCopy(
  path: string,
  target: string,
  options: { readonly cacheDir: string; readonly dataBytes: number; readonly signal: AbortSignal },
): Promise<string> {
  if (await exists(target)) return target;
  await mkdir(options.cacheDir, { recursive: true });
  await expectFreeSpace(options.cacheDir, options.dataBytes);
  const partial = `${target}.partial`;
  try {
    await qemuImgToRaw(path, partial, options);
    await syncFile(partial);
    await rename(partial, target);
    return target;
  } catch (error) {
    await rm(partial, { force: true });
    if (!hasCode(error, 'COMMAND_FAILED')) throw explainNoSpace(options.cacheDir, error);
    const message = `Image "${path}" cannot be unpacked: ${error.message}`;
    throw new IronpxeError('IMAGE_CORRUPT', message, { cause: error });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path);
  await file.sync();
}
