import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, IronpxeError } from '../errors/error.ts';
import { fileIdentity, markUsed, readJson, writeJson } from './cache.ts';
import { expectFreeSpace, explainNoSpace } from './freeSpace.ts';
import { qemuImgToRaw } from './qemuImg.ts';
import { SharedWork } from './shared.ts';

type RawCopyOptions = {
  readonly cacheDir: string;
  /** What the copy will take. */
  readonly dataBytes: number;
  readonly makeRoom?: ((neededBytes: number) => Promise<unknown>) | undefined;
};

/** Beside a copy: how it looked when it was whole. */
type CopyRecord = { readonly identity: string | undefined };

const copies = new SharedWork<string, never>();

/**
 * The path of a sparse raw copy of a qcow2 image, made once and kept in the cache under the
 * identity (inode, size, times) of its source. One that was changed since is made anew.
 * @throws IronpxeError IMAGE_CACHE_FULL, IMAGE_CORRUPT
 */
export async function rawCopy(
  path: string,
  options: RawCopyOptions & { readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const identity = JSON.stringify([path, await fileIdentity(path)]);
  const key = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  const target = join(options.cacheDir, `${key}.raw`);
  return copies.join(target, (signal) => makeCopy(path, target, { ...options, signal }), options);
}

async function makeCopy(
  path: string,
  target: string,
  options: RawCopyOptions & { readonly signal: AbortSignal },
): Promise<string> {
  const recordPath = `${target}.json`;
  await markUsed({ recordPath });
  const record = await readJson<CopyRecord>(recordPath);
  if (record?.identity !== undefined && record.identity === (await fileIdentity(target)))
    return target;
  await mkdir(options.cacheDir, { recursive: true });
  await options.makeRoom?.(options.dataBytes);
  await expectFreeSpace(options.cacheDir, options.dataBytes);
  const partial = `${target}.partial`;
  try {
    await qemuImgToRaw(path, partial, options);
    await syncFile(partial);
    await rename(partial, target);
    await writeJson(recordPath, { identity: await fileIdentity(target) } satisfies CopyRecord);
    return target;
  } catch (error) {
    await rm(partial, { force: true });
    if (!hasCode(error, 'COMMAND_FAILED')) throw explainNoSpace(options.cacheDir, error);
    const message = `Image "${path}" cannot be unpacked: ${error.message}`;
    throw new IronpxeError('IMAGE_CORRUPT', message, { cause: error });
  }
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path);
  await file.sync();
}
